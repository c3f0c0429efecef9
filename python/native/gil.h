// The interpreter's lock (GIL): released around whatever may wait, and asked for signals meanwhile. Threads of C++
// never take it; only threads that came from Python do, on their way back.
#pragma once

#include <nanobind/nanobind.h>

#include <utility>

namespace nb = nanobind;

namespace tracia::native {

// Remembers the main thread, the one that handles signals. At import, and in a child after fork().
void remember_main_thread();
bool on_main_thread();

// For ClientOptions::interrupted: whether a signal handler raised something on this thread, which waits inside
// Unlocked. On the main thread it takes the GIL for a moment and runs the handlers; the exception stays pending for
// raise_pending(). Other threads: always false.
bool interrupted();

enum class Signals { kHeard, kIgnored };

// Releases the GIL for a scope. A thread that comes back while the interpreter is going down sleeps for ever instead:
// CPython would end it with pthread_exit(), whose unwinding through C++ ends in std::terminate().
class Unlocked {
 public:
  explicit Unlocked(Signals signals = Signals::kHeard);
  ~Unlocked();
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  PyThreadState* state_;
  PyThreadState* outer_;
};

// PyObject_CallOneArg() from C++: also a thread that loses the GIL for ever inside Python's code sleeps, as above. What
// C++ holds must not be given back by unwinding, without the GIL.
PyObject* call_python(PyObject* callable, PyObject* argument) noexcept;

// Throws what a signal handler raised meanwhile.
inline void raise_pending() {
  if (PyErr_Occurred()) throw nb::python_error();
}

// work() with the GIL released. Ctrl-C in it becomes KeyboardInterrupt, whatever work() came to.
template <typename Work>
auto unlocked(Work&& work) {
  auto result = [&] {
    const Unlocked released;
    return std::forward<Work>(work)();
  }();
  raise_pending();
  return result;
}

}  // namespace tracia::native
