#include "sandbox/drain.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace slipway::sandbox {

Drained Drain(int descriptor, std::size_t max_bytes, bool drop_beyond, std::string& into) {
  std::array<char, 1 << 16> buffer;
  for (;;) {
    const ssize_t count = read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN ? Drained::kMore : Drained::kEnd;
    if (count == 0) return Drained::kEnd;
    const std::size_t room = max_bytes - into.size();
    const std::size_t taken = std::min(room, static_cast<std::size_t>(count));
    into.append(buffer.data(), taken);
    if (taken < static_cast<std::size_t>(count) && !drop_beyond) return Drained::kTooMuch;
  }
}

}  // namespace slipway::sandbox
