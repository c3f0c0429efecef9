// What fork() must not share. A child inherits descriptors and memory but not threads: used as they are, parent and
// child would talk over one connection, and closing a TLS connection in the child would end the parent's. So the child
// closes the inherited descriptors without a word to the peer, and everything made before the fork is left untouched.
#pragma once

#include <cstdint>
#include <mutex>

namespace tracia::transport {

// Grows by one in the child of each fork(). State that remembers an older number belongs to the parent: leave it alone.
uint64_t fork_generation();

// Held across fork() by the forking thread, so that what it guards is whole in the child. Hold it briefly; never call
// out while holding it.
std::unique_lock<std::mutex> fork_lock();

// Descriptors that a forked child closes at once. Remembered with the file's identity, so that a number that has been
// closed behind our back and now names another file is left alone. Thread-safe.
void close_in_forked_child(int fd);
void forget_in_forked_child(int fd);

}  // namespace tracia::transport
