// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <clocale>
#include <locale>
#include <string>

namespace ttt::file {

/// Writes 1536 as 1.536 and one half as 0,5.
class Groups : public std::numpunct<char> {
 protected:
  [[nodiscard]] char do_decimal_point() const override { return ','; }
  [[nodiscard]] char do_thousands_sep() const override { return '.'; }
  [[nodiscard]] std::string do_grouping() const override { return "\3"; }
};

/// Such a locale is the program's, and the C library's where the system has one, for one scope.
class Grouping {
 public:
  Grouping() : before_(std::locale::global(std::locale(std::locale::classic(), new Groups))) {
    for (const char* name : {"de_DE.UTF-8", "de_DE.utf8", "en_US.UTF-8", "en_US.utf8"}) {
      if (std::setlocale(LC_NUMERIC, name) != nullptr) return;
    }
  }
  Grouping(const Grouping&) = delete;
  Grouping& operator=(const Grouping&) = delete;
  ~Grouping() {
    std::locale::global(before_);
    std::setlocale(LC_NUMERIC, "C");
  }

 private:
  std::locale before_;
};

}  // namespace ttt::file
