// OTLP/JSON to OTLP/protobuf: a writer of its own, so that the server's two decoders are checked against each other.
#pragma once

#include <string>

#include "tracia/json/reader.h"

namespace tracia::conformance {

std::string traces_to_protobuf(const json::Value& request);
std::string logs_to_protobuf(const json::Value& request);

}  // namespace tracia::conformance
