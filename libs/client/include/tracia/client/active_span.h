// Spans of the application's own code, by scope:
//
//   auto step = client.span("retrieve", {.kind = tracia::span::Kind::kRetrieval});
//   auto answer = client.run_local({…, .trace_id = step.trace_id(), .parent_span_id = step.span_id()});
//   if (!answer) return step.fail(answer.error());
//   step.set_output(answer->text);
//                                                     // recorded here, when `step` goes
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracia/base/clock.h"
#include "tracia/base/result.h"
#include "tracia/client/types.h"
#include "tracia/span/span.h"

namespace tracia {
inline namespace v0 {

struct SpanOptions {
  span::Kind kind = span::Kind::kChain;
  std::string input = {};  // as set_input() takes it
  std::vector<std::string> tags = {};
  std::string user_id = {}, session_id = {};
  std::string trace_id = {};        // "" = a new one; one that is no trace id (is_valid_trace_id) too
  std::string parent_span_id = {};  // "" = none
};

struct ClientCore;

// One step of a program. It ends with end() or its destructor, which queue it and wait for nothing: as the spans of
// calls, it is sent in the background, and cannot fail the program. Nothing here throws on its own account. When an
// exception carries it out of scope, it is an ERROR. Move-only; used by one thread at a time. What is set after the end
// is lost, as is a span that ends after its Client; what is over-long is cut.
class ActiveSpan {
 public:
  ActiveSpan(ActiveSpan&& other) noexcept;
  ActiveSpan& operator=(ActiveSpan&& other) noexcept;  // ends the span that was here
  ~ActiveSpan();

  // What children are given: .trace_id = step.trace_id(), .parent_span_id = step.span_id(). Known from the start.
  const std::string& span_id() const { return span_.span_id; }
  const std::string& trace_id() const { return span_.trace_id; }

  // A JSON object is kept as it is; any other text, JSON or not, is shown as the member "value".
  void set_input(std::string_view input);
  void set_output(std::string output);
  // The last value of a name counts.
  void set_attribute(std::string_view name, const Scalar& value);
  void add_tag(std::string tag);
  // Makes it an ERROR. The second form gives the error back, so that a function can return it: return step.fail(error).
  void fail(std::string message);
  tl::unexpected<Error> fail(Error error);
  // Records it now. Once; later calls do nothing.
  void end() noexcept;

 private:
  friend class Client;
  ActiveSpan(std::shared_ptr<ClientCore> core, std::string name, SpanOptions options);

  std::shared_ptr<ClientCore> core_;  // nullptr: ended, or moved away
  span::Span span_;
  std::vector<std::pair<std::string, Scalar>> attributes_;
  SteadyTime began_;
  int exceptions_ = 0;  // under way when it began
};

}  // namespace v0
}  // namespace tracia
