// The extension tracia._native. python/src/tracia/_native.pyi is its contract.
#include <nanobind/stl/string.h>
#include <nanobind/stl/string_view.h>

#include <string>
#include <string_view>

#include "client_state.h"
#include "errors.h"
#include "gil.h"
#include "process.h"
#include "py_client.h"
#include "queue.h"
#include "stream.h"
#include "tracia/base/ids.h"
#include "tracia/client/version.h"
#include "tracia/wire/http.h"

namespace tracia::native {
namespace {

void register_hooks() {
  remember_main_thread();
  watch_forks();
  nb::module_::import_("os").attr("register_at_fork")(nb::arg("after_in_child") =
                                                          nb::cpp_function(&remember_main_thread));
  // The first to register is the last to run: what the package does at exit comes before. Afterwards no thread of C++
  // is left, and those of Python that were waiting are on their way back.
  nb::module_::import_("atexit").attr("register")(nb::cpp_function([] {
    const Unlocked released(Signals::kIgnored);
    close_all_clients();
  }));
}

std::string quote(std::string_view text) { return wire::percent_encode(text); }

}  // namespace

NB_MODULE(_native, module) {
  // Threads that were waiting when the interpreter went down keep their clients and streams for ever (gil.h). That is
  // no leak of a program's, and users can do nothing about it.
  nb::set_leak_warnings(false);
  module.attr("VERSION") = std::string(kVersion);
  module.def("set_error_factory", &set_error_factory, nb::arg("factory"));
  module.def("quote", &quote, nb::arg("text"));
  module.def("new_span_id", &new_span_id);
  module.def("new_trace_id", &new_trace_id);
  bind_queue(module);
  bind_stream(module);
  bind_client(module);
  register_hooks();
}

}  // namespace tracia::native
