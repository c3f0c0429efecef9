// Moves bytes between a transport and a Call: once for the caller's thread, once for the loop.
#pragma once

#include <functional>
#include <memory>

#include "core.h"

namespace tracia::client {

// Runs the call to its end on this thread.
void run_blocking(ClientCore& core, llm::Call& call, const transport::CancelToken& cancel);

// Runs it on the transport's loop; `done` is called there exactly once. `call` is kept alive until then. Cancelled by
// `cancel` and by the token that is returned, which is of this call alone.
transport::CancelToken run_async(const std::shared_ptr<ClientCore>& core, std::shared_ptr<llm::Call> call,
                                 const transport::CancelToken& cancel, std::function<void()> done);

}  // namespace tracia::client
