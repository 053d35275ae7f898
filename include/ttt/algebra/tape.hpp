// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/algebra/any_operation.hpp>
#include <ttt/algebra/var.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <deque>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace ttt {

/// A record of operations, which takes cotangents back from results to leaves.
///
/// Reverse mode, first order, and nothing more: second order comes from a tape over Dual. There, a
/// leaf's sink receives the tangent half of its cotangent, and value halves are computed only where
/// a tangent needs them. They are not computed at all by a tape that follows the activations of the
/// same evaluation over matrices, with the same seeds.
template <Array A>
class Tape {
 public:
  /// What the cotangent of a leaf is summed up in.
  using Sink = StorageOf<A>;

  Tape() = default;

  /// Over matrices, adds results and cotangents to `activations`; over duals, follows them and uses
  /// them up. They outlive the tape.
  explicit Tape(Activations<Sink>& activations) : activations_(&activations) {}

  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  /// A value with no derivative. `value` outlives the tape.
  [[nodiscard]] Var<A> constant(const A& value) { return {this, borrow(value), nullptr}; }

  /// A value with no derivative, which the tape takes over.
  [[nodiscard]] Var<A> own_constant(A value) { return {this, own(std::move(value)), nullptr}; }

  /// A value whose cotangent is added to `sink`. Both outlive the tape. `sink` may be without
  /// elements, which is zero.
  [[nodiscard]] Var<A> leaf(const A& value, Sink& sink) {
    auto& cell = cells_.emplace_back();
    if constexpr (Storage<A>) {
      cell.target.sum = &sink;
    } else {
      cell.target.tangent = &sink;
    }
    return {this, borrow(value), &cell};
  }

  /// Evaluates `op`, and records its pullback if an input wants a derivative. Returns a Var, or an
  /// array of them where the operation returns several arrays.
  template <class Op, class... Vars>
  [[nodiscard]] auto record(const Op& op, const Vars&... inputs) {
    using Result = decltype(op.value(inputs.value()...));
    const detail::OperationOnArrays<Op, A, sizeof...(Vars)> any(op);
    std::array<Var<A>, detail::result_count<Result>> vars;
    const std::array<const Var<A>*, sizeof...(Vars)> in{&inputs...};
    record_any(any, in, vars);
    if constexpr (std::same_as<Result, A>) {
      return vars[0];
    } else {
      return vars;
    }
  }

  /// Adds to the cotangent of a result. A result without derivative takes none.
  void seed(const Var<A>& result, A cotangent) {
    if (result.cell_ != nullptr) {
      Input<A>(nullptr, {}, result.cell_->target).add(std::move(cotangent));
    }
  }

  /// Takes every cotangent back to the leaves and forgets the record.
  void pull_back() {
    for (; !records_.empty(); records_.pop_back()) pull_back(records_.back());
  }

  /// The most bytes of results that were alive at one time. Arrays that the caller owns do not
  /// count.
  [[nodiscard]] Index peak_bytes() const { return meter_->peak; }

 private:
  struct Meter {
    Index live = 0;
    Index peak = 0;
  };

  /// What is recorded of an input.
  struct Remembered {
    std::shared_ptr<const A> value;  ///< null if the operation does not remember it
    std::array<Index, 2> shape;
    detail::Cell<A>* cell;

    [[nodiscard]] Input<A> input() const {
      return {value.get(), shape, cell == nullptr ? Target<A>{} : cell->target};
    }
  };
  /// What is recorded of a result.
  struct Returned {
    std::shared_ptr<const A> value;  ///< null if the operation does not remember it
    detail::Cell<A>* cell;
  };
  /// An operation whose pullback is wanted.
  struct Record {
    std::unique_ptr<detail::AnyOperation<A>> op;
    std::vector<Remembered> inputs;
    std::vector<Returned> results;
    bool tangents;  ///< whether an input has one
  };

  static std::shared_ptr<const A> borrow(const A& value) {
    return std::shared_ptr<const A>(std::shared_ptr<const A>(), &value);
  }

  void record_any(const detail::AnyOperation<A>& op, std::span<const Var<A>* const> in,
                  std::span<Var<A>> out) {
    const std::size_t first = results_;
    std::vector<std::shared_ptr<const A>> values(out.size());
    const bool tangents =
        std::ranges::any_of(in, [](const Var<A>* x) { return detail::has_tangent(x->value()); });
    evaluate(op, in, values, tangents);
    const bool wanted =
        std::ranges::any_of(in, [](const Var<A>* x) { return x->cell_ != nullptr; });
    Record record{nullptr, {}, {}, tangents};
    for (std::size_t n = 0; n < out.size(); ++n) {
      detail::Cell<A>* const cell = wanted ? append(*values[n], first + n) : nullptr;
      out[n] = {this, values[n], cell};
      if (wanted) record.results.push_back({op.remembers() ? values[n] : nullptr, cell});
    }
    if (!wanted) return;
    for (const Var<A>* x : in) {
      record.inputs.push_back({op.remembers() ? x->shared() : nullptr,
                               {ttt::row_count(x->value()), ttt::col_count(x->value())},
                               x->cell_});
    }
    record.op = op.clone();
    records_.push_back(std::move(record));
  }

  /// Takes the cotangents of one operation back, if a result has one.
  void pull_back(const Record& record) {
    if (std::ranges::all_of(record.results, [](const Returned& result) {
          return ttt::row_count(result.cell->cotangent) == 0;
        })) {
      return;
    }
    std::vector<Input<A>> inputs;
    inputs.reserve(record.inputs.size());
    for (const Remembered& in : record.inputs) inputs.push_back(in.input());
    if (Storage<A> || record.tangents) {
      const A nothing{};
      std::vector<const A*> y, dy;
      for (const Returned& result : record.results) {
        y.push_back(result.value ? result.value.get() : &nothing);
        dy.push_back(&result.cell->cotangent);
      }
      record.op->pullback(y, dy, inputs);
    } else if constexpr (!Storage<A>) {
      pull_tangents(record, inputs);
    }
    for (const Returned& result : record.results) finish(*result.cell);
  }

  /// Without tangents among the inputs, the tangent half of a cotangent goes back by itself.
  static void pull_tangents(const Record& record, const std::vector<Input<A>>& inputs) {
    const Sink nothing{};
    std::vector<const Sink*> y, dy;
    for (const Returned& result : record.results) {
      y.push_back(result.value ? &result.value->value : &nothing);
      dy.push_back(&result.cell->cotangent.tangent);
    }
    if (std::ranges::all_of(dy, [](const Sink* half) { return is_zero(*half); })) return;
    std::vector<Input<Sink>> halves;
    halves.reserve(inputs.size());
    for (const Input<A>& in : inputs) halves.push_back(in.tangent_half());
    record.op->half_pullback(y, dy, halves);
  }

  /// Lets go of a cotangent, or hands it to the activations.
  void finish(detail::Cell<A>& cell) {
    if constexpr (Storage<A>) {
      if (activations_ != nullptr) {
        activations_->results[cell.number].cotangent = std::move(cell.cotangent);
      }
    }
    cell.cotangent = {};
  }

  static Index bytes(const A& a) {
    constexpr auto size = static_cast<Index>(sizeof(Scalar<A>));
    if constexpr (Storage<A>) {
      return a.rows() * a.cols() * size;
    } else {
      return (a.value.rows() * a.value.cols() + a.tangent.rows() * a.tangent.cols()) * size;
    }
  }

  /// The values of an operation, as far as they are not known from activations.
  void evaluate(const detail::AnyOperation<A>& op, std::span<const Var<A>* const> in,
                std::span<std::shared_ptr<const A>> values, bool tangents) {
    const std::size_t first = results_;
    results_ += values.size();
    std::vector<A> results(values.size());
    if constexpr (Storage<A>) {
      op.value(arrays(in), results);
      for (std::size_t n = 0; n < values.size(); ++n) {
        std::shared_ptr<A> value = own(std::move(results[n]));
        if (activations_ != nullptr) activations_->results.push_back({value, {}});
        values[n] = std::move(value);
      }
    } else {
      if (activations_ == nullptr && tangents) {
        op.value(arrays(in), results);
      } else if (activations_ == nullptr) {
        std::vector<const Sink*> halves;
        for (const Var<A>* x : in) halves.push_back(&x->value().value);
        set_halves(results, &A::value, [&](std::span<Sink> out) { op.half_value(halves, out); });
      } else {
        follow(op, in, first, results, tangents);
      }
      for (std::size_t n = 0; n < values.size(); ++n) values[n] = own(std::move(results[n]));
    }
  }

  /// The values of an operation whose value halves are known.
  void follow(const detail::AnyOperation<A>& op, std::span<const Var<A>* const> in,
              std::size_t first, std::vector<A>& results, bool tangents) {
    if (tangents && !op.has_tangent()) {
      for (std::size_t n = 0; n < results.size(); ++n) {
        activations_->results[first + n].value = nullptr;
      }
      op.value(arrays(in), results);
      return;
    }
    for (std::size_t n = 0; n < results.size(); ++n) {
      results[n].value = std::move(*activations_->results[first + n].value);
    }
    if (tangents) {
      const auto all = arrays(in);
      set_halves(results, &A::tangent, [&](std::span<Sink> out) { op.tangent(all, out); });
    }
  }

  [[nodiscard]] static std::vector<const A*> arrays(std::span<const Var<A>* const> in) {
    std::vector<const A*> all;
    for (const Var<A>* x : in) all.push_back(&x->value());
    return all;
  }

  /// Lets make(halves) write one half of each result.
  template <class Half, class Make>
  static void set_halves(std::vector<A>& results, Half half, Make&& make) {
    std::vector<Sink> halves(results.size());
    make(std::span<Sink>(halves));
    for (std::size_t n = 0; n < results.size(); ++n) results[n].*half = std::move(halves[n]);
  }

  [[gnu::noinline]] std::shared_ptr<A> own(A&& value) {
    const Index size = bytes(value);
    meter_->live += size;
    meter_->peak = std::max(meter_->peak, meter_->live);
    return {new A(std::move(value)), [meter = meter_, size](const A* a) {
              meter->live -= size;
              delete a;
            }};
  }

  /// A cell for a result. Below one without tangent, value halves are of no use.
  [[gnu::noinline]] detail::Cell<A>* append(const A& result, std::size_t number) {
    auto& cell = cells_.emplace_back();
    cell.number = number;
    if constexpr (Storage<A>) {
      cell.target.sum = &cell.cotangent;
    } else {
      cell.target.tangent = &cell.cotangent.tangent;
      if (activations_ != nullptr) {
        cell.cotangent.value = std::move(activations_->results[number].cotangent);
      } else if (!is_zero(result.tangent)) {
        cell.target.value = &cell.cotangent.value;
      }
    }
    return &cell;
  }

  Activations<Sink>* activations_ = nullptr;
  std::size_t results_ = 0;  ///< evaluated so far
  std::shared_ptr<Meter> meter_ = std::make_shared<Meter>();
  std::deque<detail::Cell<A>> cells_;
  std::vector<Record> records_;
};

}  // namespace ttt
