#include "tracia/store_sqlite/control_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <thread>
#include <vector>

#include "files.h"
#include "layout.h"
#include "tracia/base/bytes.h"

namespace tracia::store_sqlite {
namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 8;
constexpr int kThreads = 4;  // a backup, a stalled client, and still somebody to answer
constexpr timeval kPeerPatience{.tv_sec = 10, .tv_usec = 0};  // for a client to say what it wants, and to read
constexpr char kProgressMark = 'p', kAnswerMark = 'a';

// An address of 108 bytes does not hold every path: DIR is named by a descriptor of ours instead.
struct Address {
  Fd dir;
  sockaddr_un address{};

  static Result<Address> of(const fs::path& dir) {
    Address made;
    made.dir = Fd(::open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!made.dir) return fail(file_error("cannot open", dir));
    made.address.sun_family = AF_UNIX;
    const std::string name = "/proc/self/fd/" + std::to_string(made.dir.get()) + "/" + std::string(layout::kSocket);
    std::memcpy(made.address.sun_path, name.c_str(), name.size() + 1);
    return made;
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

Status send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return fail(file_error("cannot write to", layout::kSocket));
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return {};
}

Status send_line(int fd, std::string_view mark, std::string_view line) {
  return send_all(fd, std::string(mark) + std::string(line) + "\n");
}

// Lines off a socket, each bounded. nullopt: the other side closed, stalled, or sent too much.
class Lines {
 public:
  Lines(int fd, size_t bytes_max) : fd_(fd), bytes_max_(bytes_max) {}
  std::optional<std::string> next() {
    while (true) {
      if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
        if (end > bytes_max_) return std::nullopt;
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      if (buffer_.size() > bytes_max_) return std::nullopt;
      char chunk[4096];
      const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return std::nullopt;
      buffer_.append(chunk, static_cast<size_t>(got));
    }
  }

 private:
  int fd_;
  size_t bytes_max_;
  std::string buffer_;
};

}  // namespace

struct ControlSocket::Impl {
  fs::path file;
  Fd listener, wake;
  Handler handler;
  std::vector<std::thread> threads;

  void serve() {
    pollfd waiting[2] = {{.fd = listener.get(), .events = POLLIN, .revents = 0},
                         {.fd = wake.get(), .events = POLLIN, .revents = 0}};
    while (true) {
      if (::poll(waiting, 2, -1) < 0 && errno != EINTR) return;
      if (waiting[1].revents != 0) return;
      if ((waiting[0].revents & POLLIN) == 0) continue;
      const Fd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer) answer(peer.get());  // none: another thread was quicker
    }
  }

  void answer(int peer) const {
    ::setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &kPeerPatience, sizeof kPeerPatience);
    ::setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &kPeerPatience, sizeof kPeerPatience);
    const auto request = Lines(peer, kControlRequestBytesMax).next();
    if (!request) return;
    const std::string answer = handler(
        *request, [&](std::string_view line) { return send_line(peer, {&kProgressMark, 1}, line).has_value(); });
    (void)send_line(peer, {&kAnswerMark, 1}, answer);
  }
};

ControlSocket::ControlSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<ControlSocket>> ControlSocket::open(const fs::path& dir, Handler handler) {
  auto impl = std::make_unique<Impl>();
  impl->file = fs::absolute(dir) / layout::kSocket;
  impl->handler = std::move(handler);
  const auto address = Address::of(dir);
  if (!address) return fail(address.error());
  ::unlink(impl->file.c_str());  // of a server that ended in a hurry: the directory's lock says it is not in use
  impl->listener = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!impl->listener || ::bind(impl->listener.get(), address->get(), sizeof(sockaddr_un)) != 0) {
    return fail(file_error("cannot make", impl->file));
  }
  // Nobody can connect before listen(): until then the mode may be the umask's.
  if (::chmod(impl->file.c_str(), 0600) != 0 || ::listen(impl->listener.get(), kBacklog) != 0) {
    return fail(file_error("cannot listen on", impl->file));
  }
  impl->wake = Fd(::eventfd(0, EFD_CLOEXEC));
  if (!impl->wake) return fail(file_error("cannot watch", impl->file));
  for (int i = 0; i < kThreads; ++i) impl->threads.emplace_back([raw = impl.get()] { raw->serve(); });
  return std::unique_ptr<ControlSocket>(new ControlSocket(std::move(impl)));
}

ControlSocket::~ControlSocket() {
  const uint64_t one = 1;  // never read, so that it wakes them all
  (void)!::write(impl_->wake.get(), &one, sizeof one);
  for (std::thread& thread : impl_->threads) thread.join();
  ::unlink(impl_->file.c_str());
}

Result<std::string> ask(const fs::path& dir, std::string_view request_json,
                        const std::function<void(std::string_view line)>& on_progress) {
  if (request_json.size() > kControlRequestBytesMax || request_json.find('\n') != std::string_view::npos) {
    return fail(Error::invalid("The request is too long, or more than a line"));
  }
  const auto address = Address::of(dir);
  if (!address) return fail(address.error());
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), address->get(), sizeof(sockaddr_un)) != 0) {
    const bool nobody = errno == ENOENT || errno == ECONNREFUSED;
    if (nobody) return fail({.code = ErrorCode::kNotFound, .message = "no server is running on " + dir.string()});
    return fail(file_error("cannot connect to", dir / layout::kSocket));
  }
  TRACIA_TRY(send_all(fd.get(), std::string(request_json) + "\n"));
  Lines lines(fd.get(), kControlAnswerBytesMax);
  while (auto line = lines.next()) {
    if (!line->empty() && line->front() == kAnswerMark) return line->substr(1);
    if (!line->empty() && line->front() == kProgressMark && on_progress) on_progress(std::string_view(*line).substr(1));
  }
  return fail({.code = ErrorCode::kUnavailable, .message = "the server went away before it answered"});
}

}  // namespace tracia::store_sqlite
