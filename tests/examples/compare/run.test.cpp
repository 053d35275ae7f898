// SPDX-License-Identifier: Apache-2.0
#include "compare/run.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "compare/trained.hpp"
#include "examples/recall/prose.hpp"

namespace {

using namespace ttt;
namespace fs = std::filesystem;

constexpr ModelSpec tiny =
    checked({.vocab = 256, .width = 8, .heads = 2, .hidden = 8, .window = 16, .chunk = 16});
using Tiny = ttt::TttE2e<tiny, 2, 1>;

int begun = 0;

std::unique_ptr<compare::Student> begin_tiny(const compare::Training& training,
                                             const fs::path& checkpoint,
                                             const std::string& recipe) {
  ++begun;
  return compare::begin_model<Tiny>(training, checkpoint, recipe);
}

template <class Kind>
std::unique_ptr<compare::Student> fail(const compare::Training& /*training*/,
                                       const fs::path& /*checkpoint*/,
                                       const std::string& /*recipe*/) {
  if constexpr (std::is_constructible_v<Kind, const char*>) {
    throw Kind("no reason");
  } else {
    throw Kind();
  }
}

compare::System system_of(compare::Begin* begin, std::string_view name = "tiny") {
  return {.identity = {.name = name, .title = "Tiny", .ablations = {{{"chunk", 16}}}},
          .parameters = Tiny::parameters(),
          .spec = "tiny",
          .readings = {{.name = std::string(name), .title = "Tiny"},
                       {.name = std::string(name) + "_frozen",
                        .title = "Tiny, frozen",
                        .way = compare::Way::frozen},
                       {.name = std::string(name) + "_dynamic",
                        .title = "Tiny, dynamic",
                        .way = compare::Way::dynamic}},
          .begin = begin};
}

/// A folder of its own, with a text to train on.
class Place {
 public:
  explicit Place(const std::string& name) : path_(fs::temp_directory_path() / ("ttt_" + name)) {
    fs::remove_all(path_);
    fs::create_directories(path_);
    std::ofstream(path_ / "text.txt") << haystacks::prose;
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { fs::remove_all(path_); }

  [[nodiscard]] compare::Folder folder() const { return {path_ / "out"}; }
  [[nodiscard]] compare::Plan plan() const {
    compare::Plan plan;
    plan.text = {(path_ / "text.txt").string()};
    plan.held_out = plan.text;
    plan.length = 256;
    plan.tokens = 4 * plan.batch_tokens();
    plan.points = 2;
    plan.curve_texts = 1;
    plan.texts = 1;
    plan.text_length = 512;
    plan.samples = 1;
    plan.recall_length = {512};
    return plan;
  }

 private:
  fs::path path_;
};

std::vector<std::string> numbers_of(const compare::Folder& folder) {
  std::vector<std::string> all;
  for (const compare::Cell& cell : folder.read()) all.push_back(compare::report_of(cell).text());
  return all;
}

constexpr auto never = [] { return false; };
constexpr auto unseen = [](Index /*tokens*/) {};

TEST_SUITE("examples/compare") {
  TEST_CASE("a training that is interrupted goes on, and ends in equal cells") {
    const Place whole("compare_whole");
    const Place cut("compare_cut");
    compare::Plan plan = whole.plan();
    const std::vector<compare::System> systems{system_of(begin_tiny)};
    const compare::Run run(plan, whole.folder(), 1, never);
    run(run.jobs(systems, 1), unseen);

    int asked = 0;
    for (int i = 0; i < 20; ++i) {  // stops at every third question
      const compare::Run again(plan, cut.folder(), 1, [&] { return ++asked % 3 == 0; });
      const auto jobs = again.jobs(systems, 1);
      if (jobs.empty()) break;
      again(jobs, unseen);
    }
    CHECK(asked > 6);
    CHECK(numbers_of(cut.folder()).size() == 3);
    CHECK(numbers_of(cut.folder()) == numbers_of(whole.folder()));
  }

  TEST_CASE("a finished cell is not made again, and has what was measured") {
    const Place place("compare_again");
    const std::vector<compare::System> systems{system_of(begin_tiny)};
    const compare::Run run(place.plan(), place.folder(), 2, never);
    begun = 0;
    Index tokens = 0;
    run(run.jobs(systems, 2), [&](Index trained) { tokens = trained; });
    CHECK(tokens == 2 * place.plan().tokens);
    CHECK(begun == 2);
    CHECK(run.jobs(systems, 2).empty());
    CHECK(run.jobs(systems, 3).size() == 1);

    const auto cells = place.folder().read();
    REQUIRE(cells.size() == 6);
    const compare::Cell& cell = cells.front();
    CHECK(cell.system == "tiny");
    CHECK(cell.setting == place.plan().setting());
    CHECK(cell.curve.size() == 2);
    CHECK(cell.curve.back().tokens == place.plan().tokens);
    CHECK(cell.ablations == std::vector<compare::Varied>{{"chunk", 16}});
    CHECK(cell.loss_from(0) > 0);
    CHECK(cell.recall.size() == 3);
    CHECK(cells[2].system == "tiny_dynamic");
    CHECK(cells[2].loss_from(0) != cell.loss_from(0));
    CHECK(cells[2].curve.empty());
    // Half of the cells gone, the others stay as they are.
    fs::remove(place.folder().cell("tiny_frozen", 2));
    const auto before = fs::last_write_time(place.folder().cell("tiny", 2));
    run(run.jobs(systems, 2), unseen);
    CHECK(fs::last_write_time(place.folder().cell("tiny", 2)) == before);
    CHECK(place.folder().read().size() == 6);
    place.folder().clear({system_of(begin_tiny, "other")});
    CHECK(run.jobs(systems, 2).empty());
    place.folder().clear(systems);
    CHECK(place.folder().read().empty());
    CHECK(fs::is_empty(place.folder().path / "training"));
  }

  TEST_CASE("cells and checkpoints of other settings are refused") {
    const Place place("compare_other");
    const std::vector<compare::System> systems{system_of(begin_tiny)};
    compare::Plan plan = place.plan();
    const compare::Run first(plan, place.folder(), 1, never);
    first(first.jobs(systems, 1), unseen);
    const std::string made = plan.setting();
    plan.training.rate = 0.5;
    const compare::Run other(plan, place.folder(), 1, never);
    const std::string why = "--out: " + place.folder().cell("tiny", 1).string() +
                            " was measured with other settings, " + made;
    CHECK_THROWS_WITH_AS(static_cast<void>(other.jobs(systems, 1)), why.c_str(), RangeError);
    CHECK_THROWS_WITH_AS(static_cast<void>(other.jobs({system_of(begin_tiny, "unmade")}, 1)),
                         why.c_str(), RangeError);
    for (const auto& entry : fs::directory_iterator(place.folder().cells())) {
      fs::remove(entry.path());
    }
    CHECK_THROWS_AS(other(other.jobs(systems, 1), unseen), Error);
  }

  TEST_CASE("a system that fails keeps no other from being measured") {
    const Place place("compare_fail");
    const std::vector<compare::System> systems{
        system_of(fail<NumberError>, "broken"), system_of(fail<std::bad_alloc>, "large"),
        system_of(fail<std::logic_error>, "wrong"), system_of(begin_tiny)};
    const compare::Run run(place.plan(), place.folder(), 1, never);
    CHECK_THROWS_WITH_AS(run(run.jobs(systems, 1), unseen),
                         "broken, seed 1, number error: no reason; large, seed 1, there is not "
                         "enough memory; wrong, seed 1, error: no reason",
                         Error);
    CHECK(place.folder().read().size() == 3);
    CHECK(run.jobs(systems, 1).size() == 3);
  }

  TEST_CASE("a length without room for a prompt is refused before anything is trained") {
    const Place place("compare_short");
    compare::Plan plan = place.plan();
    plan.recall_length = {300};
    CHECK_THROWS_AS(compare::Run(plan, place.folder(), 1, never), RangeError);
  }
}

}  // namespace
