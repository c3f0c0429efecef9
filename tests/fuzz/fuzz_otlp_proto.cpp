// OTLP requests in protobuf on arbitrary bytes: nothing crashes, ids are valid, what was written is JSON, and reading
// twice gives the same.
#include "otlp_fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tracia::fuzz::check_otlp({reinterpret_cast<const char*>(data), size}, tracia::ingest::otlp::Encoding::kProtobuf);
  return 0;
}
