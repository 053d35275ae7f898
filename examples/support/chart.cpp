// SPDX-License-Identifier: Apache-2.0
#include "chart.hpp"

#include <ttt/error.hpp>
#include <ttt/file/atomic.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <iomanip>
#include <span>
#include <sstream>
#include <string_view>

#include "plain_text.hpp"
#include "svg_text.hpp"

namespace support {

namespace {

// Okabe and Ito 2008, "Color Universal Design": told apart by all readers. Black and yellow are
// left out, the one for text, the other too faint on white.
constexpr std::array<std::string_view, 6> colours{"#0072b2", "#d55e00", "#009e73",
                                                  "#cc79a7", "#56b4e9", "#e69f00"};

struct Range {
  double from = std::numeric_limits<double>::infinity();
  double to = -std::numeric_limits<double>::infinity();

  void include(double value) {
    if (!std::isfinite(value)) return;
    from = std::min(from, value);
    to = std::max(to, value);
  }
  [[nodiscard]] double size() const { return to - from; }
};

/// A number for people: 4 digits, no trailing zeros.
std::string number(double value) {
  std::ostringstream out = plain_text();
  out << std::setprecision(4) << value;
  return out.str();
}

/// A number with so many digits after the point; zero has no sign.
std::string number(double value, int decimals) {
  std::ostringstream out = plain_text();
  out << std::fixed << std::setprecision(decimals) << value + 0.0;
  return out.str();
}

/// 2^exponent for people: 64, 1K, 16K, 1M.
std::string power_of_two(int exponent) {
  if (exponent < 10) return number(std::exp2(exponent));
  constexpr std::string_view prefixes = "KMGTPE";
  const int prefix = std::min(exponent / 10, 6);
  return number(std::exp2(exponent - 10 * prefix)) + prefixes[static_cast<std::size_t>(prefix - 1)];
}

/// The page: where the axes lie and what is drawn on it so far.
class Page {
 public:
  explicit Page(const Chart& chart) : chart_(chart) {
    std::size_t longest = 0;
    for (const Series& series : chart.series) {
      longest = std::max(longest, series.name.size());
      for (const auto& [x, y, lower, upper] : series.points) {
        if (!(x > 0.0 && std::isfinite(x)))
          throw ttt::RangeError("svg: x must be above 0, got " + number(x));
        x_.include(std::log2(x));
        for (const double value : {y, lower, upper}) y_.include(value);
      }
    }
    if (y_.size() < 0.0) throw ttt::RangeError("svg: a point must have a finite y, got none");
    right_ = width - 24.0 - 7.0 * static_cast<double>(std::min<std::size_t>(longest, 30));
    // A little air; at least one power of two, and a range even where all points share one y.
    const double air_x = std::max(0.1, (1.0 - x_.size()) / 2.0);
    x_ = {x_.from - air_x, x_.to + air_x};
    const double air_y = y_.size() > 0.0 ? 0.06 * y_.size() : 0.5;
    y_ = {y_.from - air_y, y_.to + air_y};
    out_ << std::fixed << std::setprecision(1);
  }

  [[nodiscard]] std::string draw() {
    out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
         << "\" width=\"" << width << "\" height=\"" << height
         << "\" font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\" font-size=\"12\">\n"
         << "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n";
    text({left, 30.0}, chart_.title, "fill=\"#222222\" font-size=\"16\" font-weight=\"bold\"");
    text({left, 54.0}, chart_.y_title, "fill=\"#666666\"");
    text({(left + right_) / 2.0, height - 14.0}, chart_.x_title,
         "fill=\"#666666\" text-anchor=\"middle\"");
    grid();
    for (std::size_t i = 0; i < chart_.series.size(); ++i) band(i);
    for (std::size_t i = 0; i < chart_.series.size(); ++i) line(i);
    labels();
    out_ << "</svg>\n";
    return out_.str();
  }

 private:
  struct Place {
    double x, y;
  };

  static constexpr double width = 760.0;
  static constexpr double height = 440.0;
  static constexpr double left = 64.0;
  static constexpr double top = 68.0;
  static constexpr double bottom = height - 56.0;

  [[nodiscard]] Place place(double x, double y) const {
    return {left + (right_ - left) * (std::log2(x) - x_.from) / x_.size(),
            bottom - (bottom - top) * (y - y_.from) / y_.size()};
  }

  [[nodiscard]] static std::string_view colour(std::size_t series) {
    return colours[series % colours.size()];
  }

  /// Where colours come again, lines are dashed, then dotted.
  [[nodiscard]] static std::string_view dashes(std::size_t series) {
    if (series < colours.size()) return "";
    return series < 2 * colours.size() ? " stroke-dasharray=\"7 4\"" : " stroke-dasharray=\"2 3\"";
  }

  void text(Place at, std::string_view words, std::string_view style) {
    out_ << "<text x=\"" << at.x << "\" y=\"" << at.y << "\" " << style << '>' << escaped(words)
         << "</text>\n";
  }

  void rule(Place from, Place to, std::string_view stroke) {
    out_ << "<line x1=\"" << from.x << "\" y1=\"" << from.y << "\" x2=\"" << to.x << "\" y2=\""
         << to.y << "\" stroke=\"" << stroke << "\"/>\n";
  }

  /// Lines at powers of two and at about six round values of y, with their numbers.
  void grid() {
    const int step_x = std::max(1, static_cast<int>(std::ceil(x_.size() / 10.0)));
    const int first_x = static_cast<int>(std::ceil(x_.from / step_x)) * step_x;
    for (int exponent = first_x; exponent <= x_.to; exponent += step_x) {
      const Place at = place(std::exp2(exponent), y_.from);
      rule({at.x, top}, {at.x, bottom}, "#eeeeee");
      text({at.x, bottom + 18.0}, power_of_two(exponent),
           "fill=\"#666666\" text-anchor=\"middle\"");
    }
    const double rough = y_.size() / 6.0;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double digit = rough / power;
    const double step_y = power * (digit < 1.5   ? 1.0
                                   : digit < 3.5 ? 2.0
                                   : digit < 7.5 ? 5.0
                                                 : 10.0);
    const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step_y) + 1e-9)));
    for (double tick = std::ceil(y_.from / step_y); tick * step_y <= y_.to; ++tick) {
      const Place at = place(std::exp2(x_.from), tick * step_y);
      rule({left, at.y}, {right_, at.y}, "#e4e4e4");
      text({left - 8.0, at.y + 4.0}, number(tick * step_y, decimals),
           "fill=\"#666666\" text-anchor=\"end\"");
    }
    rule({left, bottom}, {right_, bottom}, "#999999");
  }

  /// Calls `draw` for each run of points that hold `condition`.
  template <class Condition, class Draw>
  void runs(std::size_t series, Condition condition, Draw draw) {
    std::span<const Point> rest = chart_.series[series].points;
    while (!rest.empty()) {
      const auto begin = std::ranges::find_if(rest, condition);
      const auto end = std::find_if_not(begin, rest.end(), condition);
      if (begin != end) draw(std::span(begin, end));
      rest = {end, rest.end()};
    }
  }

  void band(std::size_t series) {
    const auto bounded = [](const Point& point) {
      return std::isfinite(point.lower) && std::isfinite(point.upper);
    };
    runs(series, bounded, [&](std::span<const Point> points) {
      out_ << "<polygon fill=\"" << colour(series) << "\" fill-opacity=\"0.15\" points=\"";
      const auto corner = [&](double x, double y) {
        const Place at = place(x, y);
        out_ << at.x << ',' << at.y << ' ';
      };
      for (const Point& point : points) corner(point.x, point.upper);
      for (auto point = points.rbegin(); point != points.rend(); ++point)
        corner(point->x, point->lower);
      out_ << "\"/>\n";
    });
  }

  void line(std::size_t series) {
    const auto known = [](const Point& point) { return std::isfinite(point.y); };
    runs(series, known, [&](std::span<const Point> points) {
      out_ << "<polyline fill=\"none\" stroke=\"" << colour(series)
           << "\" stroke-width=\"2\" stroke-linejoin=\"round\"" << dashes(series) << " points=\"";
      for (const Point& point : points) {
        const Place at = place(point.x, point.y);
        out_ << at.x << ',' << at.y << ' ';
      }
      out_ << "\"/>\n";
      for (const Point& point : points) {
        const Place at = place(point.x, point.y);
        out_ << "<circle cx=\"" << at.x << "\" cy=\"" << at.y << "\" r=\"2.5\" fill=\""
             << colour(series) << "\"/>\n";
      }
    });
  }

  /// Names each series at the height of its last point, moved apart where they would overlap.
  void labels() {
    struct Label {
      double y;
      std::size_t series;
    };
    constexpr double apart = 15.0;
    std::vector<Label> labels;
    for (std::size_t i = 0; i < chart_.series.size(); ++i) {
      const auto& points = chart_.series[i].points;
      const auto last = std::find_if(points.rbegin(), points.rend(),
                                     [](const Point& point) { return std::isfinite(point.y); });
      if (last != points.rend()) labels.push_back({place(last->x, last->y).y, i});
    }
    std::ranges::sort(labels, {}, &Label::y);
    for (std::size_t i = 1; i < labels.size(); ++i)
      labels[i].y = std::max(labels[i].y, labels[i - 1].y + apart);
    double limit = bottom;
    for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
      label->y = std::min(label->y, limit);
      limit = label->y - apart;
    }
    for (const auto& [y, series] : labels)
      text({right_ + 8.0, y + 4.0}, chart_.series[series].name,
           "fill=\"" + std::string(colour(series)) + "\" font-weight=\"bold\"");
  }

  const Chart& chart_;
  Range x_;  // in powers of two
  Range y_;
  double right_ = width;
  std::ostringstream out_ = plain_text();
};

}  // namespace

std::string svg(const Chart& chart) { return Page(chart).draw(); }

void write_svg(const std::filesystem::path& path, const Chart& chart) {
  const std::string text = svg(chart);
  ttt::file::write_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace support
