// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/data/files.hpp>
#include <ttt/error.hpp>

#include <cstddef>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cell.hpp"
#include "plan.hpp"
#include "reading.hpp"
#include "student.hpp"
#include "support/report.hpp"
#include "train/material.hpp"

namespace compare {

/// What training leaves behind beside the model.
struct Course {
  std::vector<CurvePoint> curve;

  [[nodiscard]] support::Report report() const {
    std::vector<support::Report> points;
    points.reserve(curve.size());
    for (const CurvePoint& point : curve) {
      points.push_back(
          support::Report().set("tokens", point.tokens).set("nats_per_byte", point.nats));
    }
    return support::Report().set("curve", points);
  }

  /// What was written beside a checkpoint, as far as that had come; nothing if there is no file.
  [[nodiscard]] static Course read(const std::filesystem::path& path, Index tokens) {
    Course course;
    if (!std::filesystem::exists(path)) return course;
    try {
      const auto json = nlohmann::json::parse(data::read_text(path));
      for (const auto& point : json.at("curve")) {
        const CurvePoint read{point.at("tokens"), point.at("nats_per_byte")};
        if (read.tokens <= tokens) course.curve.push_back(read);
      }
    } catch (const nlohmann::json::exception& error) {
      throw FormatError("Course.read: " + path.string() + ": " + error.what());
    }
    return course;
  }
};

/// Trains a student to the end of a plan, and saves on the way.
class Lessons {
 public:
  /// \pre all that is given outlives it
  Lessons(const Plan& plan, const training::Material& material,
          const std::vector<std::vector<Token>>& held_out, std::function<bool()> interrupted,
          std::function<void(Index)> count)
      : plan_(plan),
        material_(material),
        held_out_(held_out),
        interrupted_(std::move(interrupted)),
        count_(std::move(count)) {}

  /// The course of a training that goes on where the checkpoint was made; nothing if it was
  /// interrupted, and then saved.
  [[nodiscard]] std::optional<Course> teach(Student& student,
                                            const std::filesystem::path& checkpoint,
                                            const std::string& recipe) const {
    const std::filesystem::path notes = checkpoint.string() + ".curve.json";
    Course course = Course::read(notes, student.steps() * plan_.batch_tokens());
    const auto save = [&] {
      course.report().write(notes);
      student.save(checkpoint, recipe);
    };
    while (student.steps() < plan_.steps()) {
      if (interrupted_()) {
        save();
        return std::nullopt;
      }
      Random random = student.random();
      const training::Batch batch = material_.draw(random);
      student.step(batch.texts);
      student.random() = random;
      count_(plan_.batch_tokens());
      const bool due = is_due(student.steps());
      if (due) {
        course.curve.push_back(
            {student.steps() * plan_.batch_tokens(),
             mean_loss([&] { return student.reader(Way::as_trained); }, held_out_)});
      }
      if (due || student.steps() % save_every == 0) save();
    }
    return course;
  }

 private:
  static constexpr Index save_every = 50;

  /// Whether a point of the curve is measured behind that many steps; the last is.
  [[nodiscard]] bool is_due(Index steps) const {
    const auto points = [&](Index n) { return n * plan_.points / plan_.steps(); };
    return points(steps) > points(steps - 1);
  }

  const Plan& plan_;
  const training::Material& material_;
  const std::vector<std::vector<Token>>& held_out_;
  std::function<bool()> interrupted_;
  std::function<void(Index)> count_;  ///< is told the tokens of each step
};

}  // namespace compare
