// SPDX-License-Identifier: Apache-2.0
#include <ttt/data/files.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "convert/targets.hpp"

namespace {

using namespace ttt;

using Row = std::vector<std::string>;

/// A table of Markdown.
std::string table(const Row& titles, const std::vector<Row>& rows) {
  const auto line = [](const Row& cells) {
    std::string text = "|";
    for (const std::string& cell : cells) text += ' ' + cell + " |";
    return text + '\n';
  };
  std::string text = line(titles) + line(Row(titles.size(), "---"));
  for (const Row& row : rows) text += line(row);
  return text;
}

std::string code(std::string_view word) { return '`' + std::string(word) + '`'; }

/// The names of a family, behind its title.
std::string names_of(const foreign::Family& family) {
  std::vector<Row> rows;
  for (const auto& name : family.names) {
    rows.push_back({code(name.ours), code(name.theirs), std::string(file::describe(name.layout))});
  }
  return "## " + code(family.name) + "\n\n" + std::string(family.files) + ".\n\n" +
         table({"Here", "There", "Layout"}, rows);
}

/// The models that are known, and in whole millions the parameters of each.
std::string models() {
  std::vector<Row> rows;
  for (const auto& target : converting::targets) {
    const auto& family = converting::named("--from", foreign::families, target.family);
    Index count = 0;
    for (const auto& tensor : target.tensors(family.names, "")) count += tensor.rows * tensor.cols;
    rows.push_back({code(target.name), code(target.family),
                    std::to_string((count + 500'000) / 1'000'000) + " M"});
  }
  return table({"Model", "Family", "Parameters"}, rows);
}

TEST_SUITE("examples") {
  TEST_CASE("the page about other implementations has every model, name and layout") {
    const std::string page = data::read_text(TTT_TEST_DATA "/../../docs/foreign.md");
    const auto has = [&](const std::string& text) {
      CAPTURE(text);
      CHECK(page.find(text) != std::string::npos);
    };
    has(models());
    for (const auto& family : foreign::families) has(names_of(family));
    for (const auto layout : file::layouts) has("\n| " + std::string(layout) + " | ");
  }
}

}  // namespace
