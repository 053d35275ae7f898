// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/types.hpp>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/program.hpp"
#include "support/report.hpp"

/// Models that are chosen at run time, by their files.
namespace models {

using ttt::Index;
using ttt::Token;

/// Which model is to read, and how.
struct Choice {
  std::string file{};               // bookkeeper.safetensors of the repository if empty
  std::string model{};              // its name, where the file alone does not tell
  std::string pieces{};             // of a model that does not read bytes
  bool frozen = false;              // it does not learn while it reads
  bool dynamic = false;             // it learns by dynamic evaluation
  double rate = 0;                  // of inner steps; 0 for the usual one
  std::vector<std::string> fast{};  // parts of the names of what then learns; all if empty
  std::string device = "cpu";

  /// Declares the options that fill it.
  void add_to(support::Program& program);
  /// Throws RangeError, naming the options, if some contradict each other.
  void expect_sound() const;
};

/// A session of a model that was chosen at run time.
class AnySession {
 public:
  AnySession() = default;
  AnySession(const AnySession&) = delete;
  AnySession& operator=(const AnySession&) = delete;
  virtual ~AnySession() = default;

  /// As Session::read.
  virtual std::vector<float> read(std::span<const Token> tokens) = 0;
  /// The logits of the next token. \shape [vocab]
  [[nodiscard]] virtual std::vector<double> logits() const = 0;
  /// Bytes of everything that belongs to the text.
  [[nodiscard]] virtual Index bytes() const = 0;
};

/// What programs report of a model.
struct Facts {
  std::string name;        ///< of those that programs know
  std::string file;        ///< that it was read from
  std::string spec;        ///< in words
  Index vocab = 0;         ///< of its tokens
  Index parameters = 0;    ///< numbers that were learned
  std::string learning{};  ///< while it reads: "none", "fast weights" or "dynamic evaluation"
  double rate = 0;         ///< of the inner steps

  /// In one line.
  [[nodiscard]] std::string words() const;
  [[nodiscard]] support::Report report() const;
};

/// A model that was chosen at run time.
class AnyModel {
 public:
  explicit AnyModel(Facts facts) : facts_(std::move(facts)) {}
  AnyModel(const AnyModel&) = delete;
  AnyModel& operator=(const AnyModel&) = delete;
  virtual ~AnyModel() = default;

  [[nodiscard]] const Facts& facts() const { return facts_; }
  /// A session that has read nothing, and may outlive the model.
  [[nodiscard]] virtual std::unique_ptr<AnySession> session() const = 0;

 private:
  Facts facts_;
};

/// Reads a model file. Which of the known models it is of, its spec and its tensors say; where
/// several have the same, its recipe, or the choice.
///
/// \throws RangeError, naming the option, if no known model fits or the choice is none that does;
///         and as read_params
[[nodiscard]] std::unique_ptr<AnyModel> open(const Choice& choice);

}  // namespace models
