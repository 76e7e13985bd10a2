#include "net/socket/transport.h"

#include <sys/socket.h>

#include <cerrno>

namespace slipway::net {
namespace {

bool IsPassing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

IoResult Received(ssize_t count) {
  if (count > 0) return {IoResult::State::kMoved, static_cast<std::size_t>(count)};
  if (count == 0) return {IoResult::State::kEnded};
  return {IsPassing(errno) ? IoResult::State::kWaitsForInput : IoResult::State::kBroken};
}

}  // namespace

IoResult Transport::ReceiveRaw(std::span<char> room) {
  return Received(recv(socket_.get(), room.data(), room.size(), MSG_DONTWAIT));
}

IoResult Transport::Drop(std::size_t count) {
  return Received(recv(socket_.get(), nullptr, count, MSG_TRUNC | MSG_DONTWAIT));  // tcp(7)
}

IoResult Transport::Peek(char& byte) const {
  return Received(recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT));
}

IoResult Transport::SendRaw(std::span<const iovec> vectors) {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  ssize_t count = 0;
  do {
    // A small answer is one run of text, for which send() is the shorter way through the kernel.
    if (vectors.size() == 1) {
      count = send(socket_.get(), vectors[0].iov_base, vectors[0].iov_len, kFlags);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(vectors.data());
      message.msg_iovlen = vectors.size();
      count = sendmsg(socket_.get(), &message, kFlags);
    }
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return {IoResult::State::kMoved, static_cast<std::size_t>(count)};
  return {IsPassing(errno) ? IoResult::State::kWaitsForRoom : IoResult::State::kBroken};
}

bool Transport::HasUnread() const {
  char byte = 0;
  return HasBuffered() || Peek(byte).moved();
}

bool Transport::HasInput() {
  if (tls_) return tls_->HasInput();
  char byte = 0;
  return Peek(byte).state != IoResult::State::kWaitsForInput;
}

bool Transport::FinishSending() {
  if (tls_ && !tls_->FinishSending()) return false;
  shutdown(socket_.get(), SHUT_WR);
  return true;
}

void Transport::Close() {
  if (tls_) tls_->FinishSending();
  tls_.reset();
  socket_.Close();
}

}  // namespace slipway::net
