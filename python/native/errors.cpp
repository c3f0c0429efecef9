#include "errors.h"

#include "tracia/client/json.h"

namespace tracia::native {
namespace {

// Never released: it is needed until the interpreter is gone.
PyObject* error_factory = nullptr;

nb::object pending_exception() {
  nb::python_error raised;
  return nb::borrow(raised.value());
}

}  // namespace

void set_error_factory(nb::callable factory) {
  PyObject* const previous = std::exchange(error_factory, factory.release().ptr());
  Py_XDECREF(previous);
}

nb::object exception_of(const Error& error) {
  const nb::bytes json = to_bytes(to_json(error));
  PyObject* const maker = error_factory != nullptr ? error_factory : PyExc_RuntimeError;
  nb::object made = nb::steal(call_python(maker, json.ptr()));
  if (!made.is_valid()) return pending_exception();
  if (!PyExceptionInstance_Check(made.ptr())) {
    PyErr_SetString(PyExc_TypeError, "the error factory must return an exception");
    return pending_exception();
  }
  return made;
}

void raise_error(const Error& error) {
  const nb::object exception = exception_of(error);
  PyErr_SetObject(PyExceptionInstance_Class(exception.ptr()), exception.ptr());
  throw nb::python_error();
}

Error closed_error() {
  return {.code = ErrorCode::kAborted, .kind = ErrorKind::kAborted, .message = "The client is closed"};
}

Error foreign_error() {
  return {.code = ErrorCode::kAborted,
          .kind = ErrorKind::kAborted,
          .message = "This call belongs to the process that forked this one"};
}

}  // namespace tracia::native
