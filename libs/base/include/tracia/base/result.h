// Result<T>: a value or an Error. Exceptions are for programmer errors and for the Python edge only.
#pragma once

#include <tl/expected.hpp>

#include "tracia/base/error.h"

namespace tracia {

template <typename T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

// Returns early with the error of `expr`; otherwise goes on.
#define TRACIA_TRY(expr)                                                                 \
  do {                                                                                   \
    auto tracia_try_status = (expr);                                                     \
    if (!tracia_try_status) return ::tracia::fail(std::move(tracia_try_status).error()); \
  } while (0)

}  // namespace tracia
