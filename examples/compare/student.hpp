// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/learn/text.hpp>
#include <ttt/random.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace compare {

using namespace ttt;

/// How a trained model reads.
enum class Way {
  as_trained,  ///< learning, if that is what it was trained for
  frozen,      ///< its fast weights as they were trained
  dynamic,     ///< with gradient steps on all SwiGLUs that it was not trained for
};

/// How every model is trained, but for what is its own.
struct Training {
  std::uint64_t seed = 1;      ///< of the parameters and of the batches
  Index steps = 1;             ///< of the optimiser
  Index warmup = 0;            ///< steps in which the rate rises, and the inner rate
  double rate = 3e-3;          ///< the highest
  double end_rate = 1e-5;      ///< the last
  double weight_decay = 0.1;   ///< of AdamW
  double inner_rate = 0.4;     ///< of steps while reading, of a model that is trained for them
  double dynamic_rate = 0.25;  ///< of a model that is not
  double inner_clip = 1;       ///< largest norm of an inner gradient
  double keep_penalty = 0.02;  ///< of keep scores, where there is a cache
};

/// The memory of one text, of whichever model.
class Reader {
 public:
  Reader() = default;
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  virtual ~Reader() = default;

  /// Reads tokens; returns their surprisals, in nats.
  virtual std::vector<float> read(std::span<const Token> tokens) = 0;
  /// Goes on with the likeliest tokens, and reads them.
  virtual std::vector<Token> generate(Index count) = 0;
  /// Bytes of everything that belongs to this text.
  [[nodiscard]] virtual Index bytes() const = 0;
};

/// A model in training, whichever it is.
class Student {
 public:
  Student() = default;
  Student(const Student&) = delete;
  Student& operator=(const Student&) = delete;
  virtual ~Student() = default;

  /// One step on one batch; its loss, in nats.
  virtual double step(std::span<const Text> batch) = 0;
  /// Steps taken.
  [[nodiscard]] virtual Index steps() const = 0;
  /// Draws the batches; goes on where a checkpoint was made.
  [[nodiscard]] virtual Random& random() = 0;
  /// Writes a checkpoint, whole or not at all.
  virtual void save(const std::filesystem::path& path, const std::string& recipe) const = 0;
  /// A reader that has read nothing.
  ///
  /// \pre the student outlives it, and takes no step meanwhile
  [[nodiscard]] virtual std::unique_ptr<Reader> reader(Way way) const = 0;
};

/// Begins with new parameters, or goes on from a checkpoint of that recipe, if the file is there.
///
/// \throws RangeError if it is of another recipe.
using Begin = std::unique_ptr<Student>(const Training& training,
                                       const std::filesystem::path& checkpoint,
                                       const std::string& recipe);

/// The same with the model of a family; each is compiled in a file of its own in systems/.
template <class Family>
[[nodiscard]] std::unique_ptr<Student> begin(const Training& training,
                                             const std::filesystem::path& checkpoint,
                                             const std::string& recipe);

}  // namespace compare
