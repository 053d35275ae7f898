// SPDX-License-Identifier: Apache-2.0
#include "program.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <istream>
#include <iterator>
#include <memory>
#include <type_traits>
#include <utility>

namespace support {

namespace {

/// Lets CLI11 read a recipe: each setting stands for the option of its name.
class Recipe : public CLI::Config {
 public:
  std::vector<CLI::ConfigItem> from_config(std::istream& file) const override {
    const std::string json{std::istreambuf_iterator<char>(file), {}};
    std::vector<CLI::ConfigItem> given;
    for (const auto& [name, words] : parse_settings(json, "recipe"))
      given.push_back({.parents = {}, .name = name, .inputs = words});
    return given;
  }

  std::string to_config(const CLI::App*, bool, bool, std::string) const override { return {}; }
};

}  // namespace

Program::Program(std::string name, std::string purpose)
    : app_(std::make_unique<CLI::App>(std::move(purpose), std::move(name))),
      json_(std::make_unique<std::string>()) {
  app_->add_option("--json", *json_, "write the report to this file")->type_name("FILE");
  app_->set_config("--recipe", "", "read settings from this JSON file")->type_name("FILE");
  app_->config_formatter(std::make_shared<Recipe>());
  app_->allow_config_extras(CLI::config_extras_mode::error);
}

Program::~Program() = default;
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;

Program& Program::declare(std::string_view flag, Target value, std::string_view help) {
  const auto add = [&](auto* target) {
    if constexpr (std::is_same_v<decltype(target), bool*>) {
      app_->add_flag(std::string(flag), *target, std::string(help));
    } else {
      app_->add_option(std::string(flag), *target, std::string(help))->capture_default_str();
    }
  };
  std::visit(add, value);
  return *this;
}

int Program::run(int argc, const char* const* argv, const std::function<Report()>& body) {
  const std::string name = app_->get_name();
  try {
    app_->parse(argc, argv);
    const Report report = body();
    if (!json_->empty()) report.write(*json_);
    return 0;
  } catch (const CLI::CallForHelp&) {
    std::cout << app_->help();
    return 0;
  } catch (const CLI::Error& error) {
    std::cerr << name << ": " << error.what() << "; see " << name << " --help\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << name << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace support
