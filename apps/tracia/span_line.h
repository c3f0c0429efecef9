// One span as one line of a terminal.
#pragma once

#include <string>

#include "tracia/json/reader.h"

namespace tracia::app {

// Whether standard output is a terminal that wants colours (https://no-color.org).
bool stdout_has_colours();

// Time (UTC), kind, model, status, latency, tokens, cost and `words`, with nothing that a terminal would obey but our
// own colours. `span` is a SpanSummary of the API; whatever is missing shows as "-".
std::string span_line(const json::Value& span, const std::string& words, bool colours);

// The beginning of what a span answered, or of its error; `span` is a Span of the API.
std::string first_words(const json::Value& span);

}  // namespace tracia::app
