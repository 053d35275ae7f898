// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <ttt/cpu/keep_freed_memory.hpp>
#include <ttt/version.hpp>

#include <CLI/CLI.hpp>
#include <charconv>
#include <concepts>
#include <exception>
#include <iostream>
#include <istream>
#include <iterator>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include "files.hpp"
#include "plain_text.hpp"

namespace support {

namespace {

std::string no_setting(std::string path, const std::string& name) {
  return path.append(": no setting is called \"").append(name).append("\"");
}

/// Lets CLI11 read a recipe: each setting stands for the option of its name.
class Recipe : public CLI::Config {
 public:
  explicit Recipe(const CLI::App& app) : app_(app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& file) const override {
    const auto path = app_.get_config_ptr()->as<std::string>();
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    std::vector<CLI::ConfigItem> given;
    for (const auto& [name, words] : parse_settings(json, path)) {
      if (app_.get_option_no_throw("--" + name) == nullptr) {
        throw CLI::ConfigError(no_setting(path, name));
      }
      given.push_back({.parents = {}, .name = name, .inputs = words});
    }
    return given;
  }

  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }

 private:
  const CLI::App& app_;
};

/// The number that a word is, and nothing else.
template <class T>
std::optional<T> number_of(const std::string& word) {
  T number{};
  const char* const end = word.data() + word.size();
  const auto [stop, error] = std::from_chars(word.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// `1..1000`, as T is written.
template <class T>
std::string words_of(Range range) {
  std::ostringstream words = plain_text();
  words << static_cast<T>(range.least) << ".." << static_cast<T>(range.most);
  return words.str();
}

/// Lets numbers of the range pass, in the form in which CLI11 reads them as they were meant.
template <class T>
CLI::Validator within(Range range) {
  const std::string words = words_of<T>(range);
  const auto check = [=](std::string& word) -> std::string {
    const std::optional<T> number = number_of<T>(word);
    if (number && static_cast<double>(*number) >= range.least &&
        static_cast<double>(*number) <= range.most) {
      if constexpr (std::integral<T>) word = std::to_string(*number);
      return {};
    }
    return std::string(std::integral<T> ? "must be a whole number in " : "must be a number in ") +
           words + ", got " + word;
  };
  return {check, words};
}

/// Lets every seed pass.
CLI::Validator seed() {
  const auto check = [](std::string& word) -> std::string {
    const auto number = number_of<std::uint64_t>(word);
    if (!number) return "must be a whole number in 0..18446744073709551615, got " + word;
    word = std::to_string(*number);
    return {};
  };
  return {check, ""};
}

/// Whether everything that was printed has arrived.
bool arrived(const std::string& name) {
  std::cout.flush();
  if (!std::cout) std::cerr << name << ": the standard output could not be written\n";
  return static_cast<bool>(std::cout);
}

}  // namespace

Program::Program(std::string name, std::string purpose)
    : app_(std::make_unique<CLI::App>(std::move(purpose), std::move(name))),
      json_(std::make_unique<std::string>()) {
  output("--json", *json_, "write the report to this file");
  app_->set_config("--recipe", "", "read settings from this JSON file")->type_name("FILE");
  app_->config_formatter(std::make_shared<Recipe>(*app_));
  app_->allow_config_extras(CLI::config_extras_mode::error);
  app_->set_version_flag("--version", app_->get_name() + " of ttt " + std::string(ttt::version),
                         "print the version");
}

Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

Program& Program::declare(std::string_view flag, Target value, std::string_view help) {
  const std::string name(flag);
  const std::string words(help);
  const auto add = [&]<class T>(T* target) {
    if constexpr (std::same_as<T, bool>) {
      app_->add_flag(name, *target, words);
    } else {
      CLI::Option* const option = app_->add_option(name, *target, words)->capture_default_str();
      if constexpr (std::same_as<T, std::uint64_t>) option->transform(seed());
    }
  };
  std::visit(add, value);
  return *this;
}

Program& Program::declare(std::string_view flag, Number value, Range range, std::string_view help) {
  const auto add = [&]<class T>(T* target) {
    constexpr bool whole = std::same_as<T, ttt::Index> || std::same_as<T, std::vector<ttt::Index>>;
    app_->add_option(std::string(flag), *target, std::string(help))
        ->capture_default_str()
        ->transform(whole ? within<ttt::Index>(range) : within<double>(range));
  };
  std::visit(add, value);
  return *this;
}

Program& Program::output(std::string_view flag, std::string& path, std::string_view help) {
  app_->add_option(std::string(flag), path, std::string(help))
      ->capture_default_str()
      ->type_name("FILE");
  outputs_.emplace_back(flag, &path);
  return *this;
}

Program& Program::exclude(std::string_view flag, const std::vector<std::string>& others) {
  CLI::Option* const option = app_->get_option(std::string(flag));
  for (const std::string& other : others) option->excludes(app_->get_option(other));
  return *this;
}

int Program::finish(const Outcome& outcome) const {
  bool complete = true;
  const auto attempt = [&](const std::function<void()>& write) {
    try {
      write();
      return true;
    } catch (const std::exception& error) {
      std::cerr << app_->get_name() << ": " << error.what() << '\n';
      return complete = false;
    }
  };
  for (const auto& write : outcome.files) attempt(write);
  if (!json_->empty() && outcome.report) {
    Report report = *outcome.report;
    report.set("version", ttt::version);
    if (!attempt([&] { report.write(*json_); })) std::cout << report.text();
  }
  return arrived(app_->get_name()) && complete ? 0 : 1;
}

int Program::run_outcome(int argc, const char* const* argv, const std::function<Outcome()>& body) {
  const std::string name = app_->get_name();
  static_cast<void>(ttt::keep_freed_memory());  // where there is no such thing, it is only slower
  try {
    app_->parse(argc, argv);
    for (const auto& [flag, path] : outputs_) {
      if (!path->empty()) expect_writable(flag, *path);
    }
    return finish(body());
  } catch (const CLI::CallForHelp&) {
    std::cout << app_->help();
    return arrived(name) ? 0 : 1;
  } catch (const CLI::CallForVersion& version) {
    std::cout << version.what() << '\n';
    return arrived(name) ? 0 : 1;
  } catch (const CLI::Error& error) {
    std::cerr << name << ": " << error.what() << "; see " << name << " --help\n";
    return 2;
  } catch (const std::bad_alloc&) {
    std::cerr << name << ": there is not enough memory\n";
    return 1;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace support
