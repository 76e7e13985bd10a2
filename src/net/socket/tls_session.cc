#include "net/socket/tls_session.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/error_catalogue.h"
#include "net/socket/certificate_names.h"
#include "net/socket/openssl_memory.h"

namespace slipway::net {

/// How OpenSSL reaches the socket: as its own way does, but a write to a client that is gone raises
/// no signal, and a read that was filled is remembered.
struct SocketBio {
  static TlsSession& Of(BIO* bio) { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

  static int Read(BIO* bio, char* room, int size) {
    TlsSession& session = Of(bio);
    BIO_clear_retry_flags(bio);
    const ssize_t count = recv(session.socket_, room, static_cast<std::size_t>(size), MSG_DONTWAIT);
    session.socket_may_have_more_ = count == size;
    if (count == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    if (count < 0 && IsPassing(errno)) BIO_set_retry_read(bio);
    return static_cast<int>(count);
  }

  static int Write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    const ssize_t count =
        send(Of(bio).socket_, bytes, static_cast<std::size_t>(size), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && IsPassing(errno)) BIO_set_retry_write(bio);
    return static_cast<int>(count);
  }

  static long Control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static bool IsPassing(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
  }

  /// Made once, and kept to the end of the process.
  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const method = [] {
      BIO_METHOD* const made = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket");
      BIO_meth_set_read(made, Read);
      BIO_meth_set_write(made, Write);
      BIO_meth_set_ctrl(made, Control);
      return made;
    }();
    return method;
  }
};

namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;  // the largest record
constexpr std::size_t kMostAtOnce = 256 * 1024;  // then others have their turn

bool IsNumericAddress(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, int socket)
    : context_(std::move(context)), socket_(socket), ssl_(SSL_new(context_->get())) {
  BIO* const bio = BIO_new(SocketBio::Method());
  if (ssl_ == nullptr || bio == nullptr) std::abort();  // as where memory is out elsewhere
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
}

TlsSession::~TlsSession() { SSL_free(ssl_); }

std::unique_ptr<TlsSession> TlsSession::Accept(std::shared_ptr<const TlsContext> context,
                                               int socket) {
  std::unique_ptr<TlsSession> session(new TlsSession(std::move(context), socket));
  SSL_set_accept_state(session->ssl_);
  return session;
}

std::unique_ptr<TlsSession> TlsSession::Connect(std::shared_ptr<const TlsContext> context,
                                                int socket, const std::string& host,
                                                std::string_view protocol) {
  std::unique_ptr<TlsSession> session(new TlsSession(std::move(context), socket));
  SSL_set_connect_state(session->ssl_);
  const std::string offered = std::string(1, static_cast<char>(protocol.size())).append(protocol);
  SSL_set_alpn_protos(session->ssl_, reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned int>(offered.size()));
  if (IsNumericAddress(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session->ssl_), host.c_str());
  } else {
    SSL_set_hostflags(session->ssl_, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    SSL_set1_host(session->ssl_, host.c_str());
    SSL_set_tlsext_host_name(session->ssl_, host.c_str());
  }
  return session;
}

/// What a call means that moved nothing.
IoResult TlsSession::Stopped(int outcome) {
  switch (SSL_get_error(ssl_, outcome)) {
    case SSL_ERROR_WANT_READ:
      return {IoResult::State::kWaitsForInput};
    case SSL_ERROR_WANT_WRITE:
      return {IoResult::State::kWaitsForRoom};
    case SSL_ERROR_ZERO_RETURN:
      return {IoResult::State::kEnded};
    case SSL_ERROR_SYSCALL:
      error_ = std::strerror(errno);
      break;
    default:
      was_alerted_ = ERR_GET_REASON(ERR_peek_error()) > SSL_AD_REASON_OFFSET;
      error_ = LastOpensslError();
  }
  is_broken_ = true;
  ERR_clear_error();
  return {IoResult::State::kBroken};
}

IoResult::State TlsSession::Handshake() {
  ERR_clear_error();
  const int outcome = SSL_do_handshake(ssl_);
  return outcome == 1 ? IoResult::State::kMoved : Stopped(outcome).state;
}

IoResult TlsSession::Receive(std::span<char> room) {
  has_more_ = false;
  if (is_broken_) return {IoResult::State::kBroken};
  std::size_t filled = 0;
  const std::size_t bound = std::min(room.size(), kMostAtOnce);
  while (filled < bound) {
    ERR_clear_error();
    std::size_t count = 0;
    const int outcome = SSL_read_ex(ssl_, room.data() + filled, room.size() - filled, &count);
    if (outcome != 1) {
      const IoResult stopped = Stopped(outcome);
      if (filled == 0) return stopped;
      // Told with the next call: nothing is lost by it.
      has_more_ = stopped.state == IoResult::State::kEnded || is_broken_;
      return {IoResult::State::kMoved, filled};
    }
    filled += count;
    if (SSL_has_pending(ssl_) != 1 && !socket_may_have_more_) break;
  }
  has_more_ = SSL_has_pending(ssl_) == 1;
  return {IoResult::State::kMoved, filled};
}

bool TlsSession::HasInput() {
  ERR_clear_error();
  char byte = 0;
  std::size_t count = 0;
  const int outcome = SSL_peek_ex(ssl_, &byte, 1, &count);
  if (outcome == 1) return has_more_ = true;
  const IoResult::State state = Stopped(outcome).state;
  return state == IoResult::State::kEnded || state == IoResult::State::kBroken;
}

IoResult TlsSession::Send(std::span<const iovec> vectors) {
  if (is_broken_ || vectors.empty()) return {IoResult::State::kBroken};
  const void* bytes = vectors[0].iov_base;
  std::size_t size = vectors[0].iov_len;
  std::array<char, kRecordBytes> record;
  if (size < record.size() && vectors.size() > 1) {
    // A head and the beginning of its body go as one record.
    size = 0;
    for (const iovec& part : vectors) {
      const std::size_t taken = std::min(part.iov_len, record.size() - size);
      std::memcpy(record.data() + size, part.iov_base, taken);
      size += taken;
    }
    bytes = record.data();
  }
  ERR_clear_error();
  std::size_t sent = 0;
  const int outcome = SSL_write_ex(ssl_, bytes, size, &sent);
  if (outcome != 1) return Stopped(outcome);
  return {IoResult::State::kMoved, sent};
}

bool TlsSession::FinishSending() {
  if (is_broken_ || has_finished_ || !IsEstablished()) return true;
  ERR_clear_error();
  const int outcome = SSL_shutdown(ssl_);
  has_finished_ = outcome >= 0 || Stopped(outcome).state != IoResult::State::kWaitsForRoom;
  return has_finished_;
}

bool TlsSession::IsEstablished() const { return SSL_is_init_finished(ssl_) == 1; }

std::string_view TlsSession::Protocol() const {
  const unsigned char* name = nullptr;
  unsigned int length = 0;
  SSL_get0_alpn_selected(ssl_, &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

std::shared_ptr<const CertificateNames> TlsSession::PeerNames() const {
  X509* const certificate = SSL_get0_peer_certificate(ssl_);
  if (certificate == nullptr) return nullptr;
  return std::make_shared<const CertificateNames>(NamesIn(*certificate));
}

Status TlsSession::Failure(const std::string& server) const {
  const long verdict = SSL_get_verify_result(ssl_);
  if (verdict != X509_V_OK) {
    const bool wrong_name =
        verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
    return FailedPrecondition(fmt::format("the certificate of {} is not trusted: {}", server,
                                          X509_verify_cert_error_string(verdict)))
        .With(errors::kTlsUntrustedServer)
        .Hint(wrong_name ? "write the server's name as its certificate has it"
                         : "name its authority's certificate, or its own if it signed that itself, "
                           "with --ca FILE");
  }
  return Unavailable(fmt::format("no TLS connection to {}: {}", server, error_))
      .With(errors::kServerUnreachable)
      .Hint(was_alerted_ ? "where it asks for a certificate, show one with --cert and --cert-key"
                         : "if that port speaks no TLS, write http:// instead of https://");
}

}  // namespace slipway::net
