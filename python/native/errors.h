// Errors of the client as Python's exceptions. Everything here needs the GIL.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "gil.h"
#include "tracia/base/result.h"

namespace tracia::native {

// Makes the exceptions from an error's JSON; without one they are RuntimeErrors.
void set_error_factory(nb::callable factory);

// The exception for `error`; the factory's own failure, if it fails.
nb::object exception_of(const Error& error);
[[noreturn]] void raise_error(const Error& error);

// What calls on a closed client, and in a child on what belongs to its parent, fail with.
Error closed_error();
Error foreign_error();

template <typename T>
T value_or_raise(Result<T> result) {
  if (!result) raise_error(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline nb::bytes to_bytes(std::string_view text) { return nb::bytes(text.data(), text.size()); }

}  // namespace tracia::native
