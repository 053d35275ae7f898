// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/bytes.hpp>
#include <ttt/model/session.hpp>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <string>
#include <utility>

#include "models.hpp"
#include "reading.hpp"
#include "recall/needles.hpp"
#include "recall/outcome.hpp"
#include "support/printable.hpp"
#include "support/report.hpp"

namespace reading {

/// A number hidden in the first chapter, and what came of asking for it behind the last.
struct Question {
  recall::NeedleSample sample;
  recall::Outcome recall;
  Index memory = 0;  ///< bytes of it

  explicit Question(const Book& book, std::uint64_t seed)
      : sample(hidden(data::text(book.tokens), seed)) {}

  template <Storage M, class Show>
  void ask(const models::Bookkeeper::Params<M>& params,
           const typename Session<models::Bookkeeper, M>::Options& options, Show&& show) {
    Session<models::Bookkeeper, M> session(params, options);
    memory = read(session, data::bytes(sample.text), show).bytes;
    recall = recall::ask(std::move(session), sample.secret, sample.value_begin,
                         models::visible_tokens<models::Bookkeeper>);
  }

  void print() const {
    const std::string needle = sample.secret.needle();
    std::cout << "\nAt byte " << sample.needle_begin << " this was put into the book:\n\n  "
              << needle << "\n\nAsked for it " << std::ssize(sample.text) - sample.needle_begin
              << " bytes later, the model, with " << memory << " bytes of memory, answers "
              << support::printable(recall.answer) << ", which is "
              << (recall.exact ? "right" : "wrong") << ".\n";
  }

  [[nodiscard]] support::Report report() const {
    support::Report report;
    return report.set("hidden", sample.secret.value)
        .set("answer", recall.answer)
        .set("exact", recall.exact)
        .set("distance", std::ssize(sample.text) - sample.value_begin)
        .set("memory_bytes", memory);
  }

 private:
  static recall::NeedleSample hidden(const std::string& text, std::uint64_t seed) {
    constexpr Index first_chapter = 1500;
    Random random(seed);
    return recall::hide(text, recall::Secret::draw(random, recall::KeyWords::held_out, false),
                        std::min(first_chapter, std::ssize(text)));
  }
};

}  // namespace reading
