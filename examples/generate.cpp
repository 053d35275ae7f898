// SPDX-License-Identifier: Apache-2.0
//
// Goes on with a text: reads a prompt with a model of any file that the programs know, and writes
// what the model draws, as it comes. The model also learns from what it writes, unless it is
// frozen.
//
//   generate --prompt "In the beginning"
//   generate --model-file toy.safetensors --file letter.txt --temperature 0.7 --top-p 0.95
//   echo "And it came to pass" | generate --file - --temperature 0 --tokens 80 --stop . --frozen
//
// smoke: --file {source}/LICENSE --tokens 4 --temperature 0 --frozen
// smoke: --prompt "In the beginning" --tokens 20 --stop Q "the Lord" --dynamic --fast prime

#include <ttt/model/sampler.hpp>

#include <cstdint>
#include <functional>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "any_model/any_model.hpp"
#include "generate/screen.hpp"
#include "generate/stops.hpp"
#include "support/encoding.hpp"
#include "support/files.hpp"
#include "support/machine.hpp"
#include "support/program.hpp"

namespace {

using namespace ttt;

struct Settings {
  models::Choice choice;
  std::string prompt;
  std::string file;
  std::vector<std::string> stop;
  Index tokens = 256;
  double temperature = 1;
  double top_p = 0.9;
  std::uint64_t seed = 1;
};

std::string prompt_of(const Settings& settings) {
  std::string prompt = settings.prompt;
  if (settings.file == "-") {
    prompt.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (!settings.file.empty()) {
    prompt = support::one_text("--file", settings.file).text;
  }
  if (prompt.empty()) {
    throw RangeError(
        "the prompt must hold a byte, got none: --prompt TEXT, --file FILE, or "
        "--file - for the standard input");
  }
  return prompt;
}

std::function<Token(std::span<const double>)> sampler(const Settings& settings) {
  if (settings.temperature == 0) return Greedy{};
  return Nucleus({.p = settings.top_p, .temperature = settings.temperature, .seed = settings.seed});
}

support::Report generate(const Settings& settings) {
  const std::string prompt = prompt_of(settings);
  generating::Stops stops(settings.stop);
  const auto choose = sampler(settings);
  const auto model = models::open(settings.choice);
  const support::Encoding encoding(model->facts().vocab, settings.choice.pieces);
  const std::vector<Token> read = encoding.encode(prompt);
  std::cerr << "generate: " << model->facts().words() << std::endl;

  const auto session = model->session();
  session->read(read);
  const support::Stopwatch watch;
  generating::Screen screen(std::cout);
  std::string text;
  Index drawn = 0;
  const auto add = [&](const std::string& more) {
    screen.write(more);
    text += more;
  };
  for (; drawn < settings.tokens && !stops.reached(); ++drawn) {
    const Token token = choose(session->logits());
    session->read(std::span(&token, 1));
    add(stops.pass(encoding.decode(std::span(&token, 1))));
  }
  add(stops.rest());
  screen.end();

  support::Report report;
  return report.set("model", model->facts().report())
      .set("prompt_tokens", std::ssize(read))
      .set("text", text)
      .set("tokens", drawn)
      .set("stopped", stops.reached())
      .set("temperature", settings.temperature)
      .set("top_p", settings.top_p)
      .set("seed", settings.seed)
      .set("memory_bytes", session->bytes())
      .set("tokens_per_second", static_cast<double>(drawn) / watch.seconds())
      .set("device", settings.choice.device)
      .set("machine", support::this_machine().report());
}

}  // namespace

int main(int argc, char** argv) {
  Settings s;
  support::Program program("generate", "Goes on with a text");
  s.choice.add_to(program);
  program.option("--prompt", s.prompt, "the text to go on with")
      .option("--file", s.file, "a file to go on with instead; - for the standard input")
      .option("--tokens", s.tokens, support::range::count, "to draw at most")
      .option("--temperature", s.temperature, {0, 100},
              "divides the logits; 0 takes the most probable token")
      .option("--top-p", s.top_p, {1e-6, 1},
              "draw from the most probable tokens that together reach this probability")
      .option("--seed", s.seed, "of the draws")
      .option("--stop", s.stop, "texts before which to end")
      .exclude("--file", {"--prompt"});
  return program.run(argc, argv, [&] { return generate(s); });
}
