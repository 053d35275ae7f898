// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ttt/types.hpp>

#include <stdexcept>

namespace ttt {

/// Everything this library throws derives from Error.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// An array does not have the shape its caller promised.
struct ShapeError : Error {
  using Error::Error;
};

/// A model specification contradicts itself.
struct SpecError : Error {
  using Error::Error;
};

/// Throws SpecError unless the rule holds; in a constant, that is a compile error which names it.
constexpr void require_rule(bool holds, const char* rule) {
  if (!holds) throw SpecError(rule);
}

/// An argument is outside its range: a token beyond the vocabulary, a negative rate.
struct RangeError : Error {
  using Error::Error;
};

/// A file does not hold what its format promises.
struct FormatError : Error {
  using Error::Error;
};

/// The operating system refused a file operation.
struct FileError : Error {
  using Error::Error;
};

/// A number that must be finite is not.
struct NumberError : Error {
  using Error::Error;
};

/// A rank of a distributed run is lost, has failed, or did not send what was expected.
struct CommunicatorError : Error {
  using Error::Error;
};

}  // namespace ttt
