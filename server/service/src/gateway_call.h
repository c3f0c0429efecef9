// One call of the gateway, from its plan to its answer. Private to the service.
#pragma once

#include <memory>
#include <string>

#include "gateway_plan.h"
#include "lanes.h"
#include "spend_estimate.h"
#include "tracia/llm/call.h"
#include "tracia/service/gateway.h"
#include "tracia/service/spend.h"
#include "tracia/store/span_store.h"

namespace tracia::service {

// Held by whatever works on it: the call, the span's append. Its kinds are in gateway_kinds.cpp.
class GatewayCall : public std::enable_shared_from_this<GatewayCall> {
 public:
  struct Parts {
    Services& services;
    Lanes& lanes;  // entered; left when the call is over
    std::string project_id;
    GatewayRequest request;
    GatewayPlan plan;
    CallSize size;
    SpendHold hold;
    transport::CancelToken cancel;
    Gateway::Listener listener;
  };
  explicit GatewayCall(Parts parts);
  virtual ~GatewayCall() = default;

  // The trace must be asked for in the store first, which blocks.
  bool needs_trace() const;
  void find_trace();
  void start();
  void refuse(Error error);

 protected:
  virtual std::shared_ptr<llm::Call> make_call(std::vector<llm::Target> targets, llm::Call::Options options) = 0;
  // What went in and what came out.
  virtual void describe(span::Span& span) const = 0;
  // The whole answer, or a stream's last events. The call has succeeded.
  virtual std::string last_bytes() = 0;

  const llm::Call& call() const { return *call_; }
  bool is_relayed() const { return parts_.plan.relayed[call_->target_index()]; }
  gateway::AnswerHead head() const;
  void emit(std::string events) {
    if (parts_.listener.on_events) parts_.listener.on_events(std::move(events));
  }
  Parts parts_;

 private:
  llm::Call::Options call_options() const;
  void ended();
  store::NewSpan make_span() const;
  void label(store::NewSpan& out) const;
  void label_prompt(store::NewSpan& out) const;
  std::string attributes(std::string own) const;
  void answer(std::string bytes);
  void end(GatewayEnd end);
  const std::string& name() const { return parts_.plan.to[call_->target_index()].name; }

  const std::string span_id_;
  Timestamp started_;
  std::shared_ptr<llm::Call> call_;
  bool over_ = false;
};

std::shared_ptr<GatewayCall> make_gateway_call(GatewayCall::Parts parts);

}  // namespace tracia::service
