// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/measure/proportion.hpp>

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "recall/claims.hpp"
#include "rows.hpp"
#include "support/report.hpp"

/// What a model recalls and what it does not, in respects that it was not trained for.
namespace needles {

/// What came of asking about the samples of a claim.
struct ClaimRow {
  recall::Claim claim;
  Cell cell;

  [[nodiscard]] Index exact() const {
    return std::ranges::count(cell.recalls, true, &recall::Outcome::exact);
  }
  [[nodiscard]] measure::Interval interval() const {
    return measure::wilson(exact(), std::ssize(cell.recalls));
  }
  [[nodiscard]] double right_bytes() const {
    return cell.mean([](const auto& r) {
      return static_cast<double>(r.right) / static_cast<double>(r.answer.size());
    });
  }
  [[nodiscard]] double contained() const {
    return cell.mean([](const auto& r) { return r.contained; });
  }
  [[nodiscard]] double addressed() const {
    return cell.mean([](const auto& r) { return r.addressed; });
  }

  [[nodiscard]] support::Report report() const {
    support::Report report;
    return report.set("group", claim.group)
        .set("name", claim.name)
        .set("value", claim.kind)
        .set("told", claim.told)
        .set("asked", claim.asked)
        .set("needles", claim.needles)
        .set("samples", std::ssize(cell.recalls))
        .set("exact", cell.exact())
        .set("low", interval().lower)
        .set("high", interval().upper)
        .set("right_bytes", right_bytes())
        .set("stored", contained())
        .set("looked_at", addressed());
  }
};

inline void print_claims_head(std::ostream& out) {
  out << "\n     group              name  exact   95 % interval  right bytes  stored  looked at\n";
}

inline void print(const ClaimRow& row, std::ostream& out) {
  const auto bounds = row.interval();
  out << std::fixed << std::setprecision(2) << std::setw(10) << row.claim.group << std::setw(18)
      << row.claim.name << std::setw(7) << row.cell.exact() << "  [" << bounds.lower << ", "
      << bounds.upper << ']' << std::setw(13) << row.right_bytes() << std::setw(8)
      << row.contained() << std::setw(11) << row.addressed() << std::endl;
}

/// Asks about every claim, with answers(claim) for the cell of its samples, and prints a table.
template <class Answers>
[[nodiscard]] std::vector<ClaimRow> ask_claims(const std::vector<recall::Claim>& claims,
                                               std::ostream& out, Answers&& answers) {
  print_claims_head(out);
  std::vector<ClaimRow> rows;
  rows.reserve(claims.size());
  for (const recall::Claim& claim : claims) {
    rows.push_back({.claim = claim, .cell = answers(claim)});
    print(rows.back(), out);
  }
  return rows;
}

}  // namespace needles
