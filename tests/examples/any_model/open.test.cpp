// SPDX-License-Identifier: Apache-2.0
#include <ttt/data/bytes.hpp>
#include <ttt/file/safetensors.hpp>
#include <ttt/model/dynamic_evaluation.hpp>
#include <ttt/model/params_file.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "any_model/any_model.hpp"
#include "models.hpp"

namespace {

using namespace ttt;
using M = Matrix<float>;
using models::Choice;

/// A model file that is there for as long as the object.
class ModelFile {
 public:
  explicit ModelFile(file::Archive archive, const std::string& recipe = {}) {
    if (!recipe.empty()) archive.metadata["recipe"] = recipe;
    file::write(path_, archive);
  }
  ~ModelFile() { std::filesystem::remove(path_); }
  ModelFile(const ModelFile&) = delete;
  ModelFile& operator=(const ModelFile&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_ = std::filesystem::temp_directory_path() / "ttt_open.safetensors";
};

template <class Model>
file::Archive archive_of(const typename Model::template Params<M>& params) {
  return params_archive<Model, M>(params);
}

/// The name of the model that a file of initial parameters is found to be of.
template <class Model>
std::string found(const std::string& recipe = {}, const std::string& model = {}) {
  const ModelFile file(archive_of<Model>(Model::initial(1)), recipe);
  return models::open({.file = file.path(), .model = model})->facts().name;
}

/// What open says to a choice of a file that it refuses.
std::string refusal(const Choice& choice) {
  try {
    static_cast<void>(models::open(choice));
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

const std::vector<Token> text = data::bytes("And it came to pass in those days, that it rained.");

TEST_SUITE("examples/any_model") {
  TEST_CASE("a model is found by its spec and its tensors") {
    CHECK(found<models::Toy>() == "toy");
    CHECK(found<models::Bookkeeper>() == "bookkeeper");
    CHECK(found<models::Toy>("model bookkeeper, objective meta") == "toy");
  }

  TEST_CASE("of models with the same files, the recipe or the choice tells which it is") {
    using Full = models::BookkeeperFull;
    CHECK(found<Full>("model bookkeeper_full, objective plain, seed 1") == "bookkeeper_full");
    CHECK(found<Full>("bookkeeper_window plain from x") == "bookkeeper_window");
    CHECK(found<Full>("model bookkeeper_full, seed 1", "bookkeeper_e2e") == "bookkeeper_e2e");
    const ModelFile file(archive_of<Full>(Full::initial(1)), "model toy, seed 1");
    CHECK(refusal({.file = file.path()}) ==
          "--model must say of which model " + file.path() +
              " is: bookkeeper_window, bookkeeper_e2e or bookkeeper_full");
    CHECK(refusal({.file = file.path(), .model = "toy"}) ==
          "--model: " + file.path() +
              " must be of bookkeeper_window, bookkeeper_e2e or bookkeeper_full, got toy");
  }

  TEST_CASE("a file of no known model is refused with its spec") {
    constexpr ModelSpec other =
        checked({.vocab = 256, .width = 16, .heads = 2, .hidden = 24, .window = 24, .chunk = 8});
    using Other = TttE2e<other, 3, 1>;
    const ModelFile file(archive_of<Other>(Other::initial(1)));
    CHECK(refusal({.file = file.path()}) ==
          "--model-file: " + file.path() + " must be of " + models::names() +
              ", and is of none of these, with spec \"" + describe(other) + '"');
  }

  TEST_CASE("a file of a known spec and other tensors is refused") {
    using Deeper = TttE2e<preset::toy, 4, 1>;
    const ModelFile file(archive_of<Deeper>(Deeper::initial(1)));
    CHECK(refusal({.file = file.path()}).find("is of none of these") != std::string::npos);
  }

  TEST_CASE("a checkpoint is refused as what it is") {
    file::Archive archive = archive_of<models::Toy>(models::Toy::initial(1));
    archive.set("adamw.steps", Matrix<double>::Zero(1, 1).eval());
    const ModelFile file(archive);
    CHECK(refusal({.file = file.path()}) ==
          "--model-file: " + file.path() + " is a checkpoint, not a model file");
  }

  TEST_CASE("a session of a model that was opened is one of its type, bit for bit") {
    const auto params = models::Toy::initial(1);
    const ModelFile file(archive_of<models::Toy>(params), "model toy, objective meta, seed 1");
    const auto check = [&](const Choice& choice, Session<models::Toy>::Options options) {
      Session<models::Toy> expected(params, std::move(options));
      const auto session = models::open(choice)->session();
      CHECK(session->read(text) == expected.read(text));
      CHECK(session->logits() == numbers(expected.logits()));
      CHECK(session->bytes() == expected.bytes());
    };
    check({.file = file.path()}, {.inner = {.optimiser = {.rate = 1}}});
    check({.file = file.path(), .rate = 0.5}, {.inner = {.optimiser = {.rate = 0.5}}});
    check({.file = file.path(), .frozen = true}, {.learning = Learning::off});
    check({.file = file.path(), .dynamic = true}, dynamic_evaluation<models::Toy>());
    check({.file = file.path(), .dynamic = true, .rate = 0.5, .fast = {"ln_f"}},
          dynamic_evaluation<models::Toy>({.fast = {"ln_f"}, .optimiser = {.rate = 0.5}}));
  }

  TEST_CASE("a model that was trained to read as it is does not learn unasked") {
    const ModelFile file(archive_of<models::Toy>(models::Toy::initial(1)),
                         "model toy, objective plain, seed 1");
    CHECK(models::open({.file = file.path()})->facts().learning == "none");
    CHECK(models::open({.file = file.path(), .rate = 0.5})->facts().learning == "fast weights");
    CHECK(models::open({.file = file.path(), .dynamic = true})->facts().learning ==
          "dynamic evaluation");
  }

  TEST_CASE("every kind of known model reads, and learns by dynamic evaluation after a chunk") {
    const auto check = [&]<class Model>(const std::string& name) {
      constexpr Index chunk = Model::spec.chunk;
      std::vector<Token> two_chunks;
      two_chunks.reserve(2 * chunk);
      for (Index t = 0; t < 2 * chunk; ++t) two_chunks.push_back(at(text, t % std::ssize(text)));
      const ModelFile file(archive_of<Model>(Model::initial(1)));
      const auto frozen = models::open({.file = file.path(), .model = name, .frozen = true})
                              ->session()
                              ->read(two_chunks);
      const auto model = models::open({.file = file.path(), .model = name, .dynamic = true});
      CHECK(model->facts().name == name);
      const auto learned = model->session()->read(two_chunks);
      REQUIRE(learned.size() == frozen.size());
      CHECK(learned != frozen);
      CHECK(std::equal(frozen.begin(), frozen.begin() + chunk, learned.begin()));
    };
    check.operator()<models::BookkeeperWindow>("bookkeeper_window");
    check.operator()<models::BookkeeperFull>("bookkeeper_full");
    check.operator()<models::BookkeeperSrTtt>("bookkeeper_sr_ttt");
    check.operator()<models::BookkeeperSrTttGradFull>("bookkeeper_sr_ttt_grad_full");
  }

  TEST_CASE("choices that contradict each other are refused") {
    CHECK(refusal({.frozen = true, .dynamic = true}) ==
          "--frozen and --dynamic cannot be combined");
    CHECK(refusal({.frozen = true, .rate = 1}) == "--frozen and --rate cannot be combined");
    CHECK(refusal({.fast = {"ln_f"}}) == "--fast needs --dynamic");
    using SrTtt = models::BookkeeperSrTtt;
    const ModelFile file(archive_of<SrTtt>(SrTtt::initial(1)));
    CHECK(refusal({.file = file.path(), .model = "bookkeeper_sr_ttt", .rate = 1}) ==
          "--rate: bookkeeper_sr_ttt has no fast weights; --dynamic makes some of its parameters "
          "fast");
  }
}

}  // namespace
