// The Messages answer, whole or as events.
#pragma once

#include "answer.h"

namespace tracia::simulate {

Answer write_anthropic(const Call& call, const Ask& ask, const Reply& reply);
Answer stream_anthropic(const Call& call, const Ask& ask, const Reply& reply);

}  // namespace tracia::simulate
