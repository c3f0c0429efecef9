#include "gil.h"

#include <unistd.h>

#include <atomic>

namespace tracia::native {
namespace {

std::atomic<unsigned long> main_thread{0};

// The state of this thread while it waits without the GIL and hears signals; else nullptr.
thread_local PyThreadState* waiting = nullptr;

bool interpreter_ends() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0;
#else
  return _Py_IsFinalizing() != 0;
#endif
}

[[noreturn]] void sleep_for_ever() {
  for (;;) ::pause();
}

void take_gil(PyThreadState* state) noexcept {
  if (interpreter_ends() && !on_main_thread()) sleep_for_ever();
  // The interpreter may begin to end while this thread queues for the lock: pthread_exit() then unwinds as a foreign
  // exception, which is stopped here.
  try {
    PyEval_RestoreThread(state);
  } catch (...) {
    sleep_for_ever();
  }
}

}  // namespace

PyObject* call_python(PyObject* callable, PyObject* argument) noexcept {
  try {
    return PyObject_CallOneArg(callable, argument);
  } catch (...) {
    sleep_for_ever();
  }
}

void remember_main_thread() {
  const auto ident = nb::module_::import_("threading").attr("main_thread")().attr("ident");
  main_thread.store(nb::cast<unsigned long>(ident), std::memory_order_relaxed);
}

bool on_main_thread() { return PyThread_get_thread_ident() == main_thread.load(std::memory_order_relaxed); }

bool interrupted() {
  if (waiting == nullptr || !on_main_thread()) return false;
  take_gil(std::exchange(waiting, nullptr));
  const bool raised = PyErr_Occurred() != nullptr || PyErr_CheckSignals() != 0;
  waiting = PyEval_SaveThread();
  return raised;
}

Unlocked::Unlocked(Signals signals) : state_(PyEval_SaveThread()), outer_(waiting) {
  waiting = signals == Signals::kHeard ? state_ : nullptr;
}

Unlocked::~Unlocked() {
  waiting = outer_;
  take_gil(state_);
}

}  // namespace tracia::native
