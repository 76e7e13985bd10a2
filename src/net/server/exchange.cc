#include "net/server/exchange.h"

#include <optional>
#include <string>
#include <utility>

#include "net/http/content_coding.h"
#include "net/server/connection.h"

namespace slipway::net {
namespace {

bool IsText(std::string_view content_type) {
  return content_type.find("json") != std::string_view::npos || content_type.starts_with("text/");
}

/// On the thread that answers, which need not be the loop.
void CompressBody(const RequestHead& head, Response& response) {
  const std::string_view* accepted = head.Find("Accept-Encoding");
  if (!response.may_compress || accepted == nullptr) return;
  const ContentCoding coding =
      ChooseCoding(*accepted, response.BodyBytes(), IsText(response.content_type));
  if (coding == ContentCoding::kIdentity) return;
  std::vector<BodyPart> body = response.TakeBody();
  if (std::optional<std::string> compressed = Compress(coding, body)) {
    response.text = std::move(*compressed);
    response.headers.emplace_back("Content-Encoding", CodingName(coding));
  } else {
    response.parts = std::move(body);
  }
}

}  // namespace

ConnectionExchange::ConnectionExchange(std::shared_ptr<Connection> connection,
                                       std::uint64_t sequence, RequestHead head, BodyBuffer body,
                                       MonotonicTime received,
                                       std::shared_ptr<const std::atomic<bool>> cancelled)
    : connection_(std::move(connection)),
      sequence_(sequence),
      head_(std::move(head)),
      body_(std::move(body)),
      received_(received),
      cancelled_(std::move(cancelled)) {}

ConnectionExchange::~ConnectionExchange() {
  if (sent_.load(std::memory_order_relaxed)) return;
  Deliver(Response::Text(500, "application/json", R"({"error":"the request was dropped"})"));
}

void ConnectionExchange::Send(Response response) {
  if (sent_.exchange(true)) return;
  CompressBody(head_, response);
  head_.note.reset();
  Deliver(std::move(response));
}

void ConnectionExchange::Deliver(Response response) {
  EventLoop& loop = connection_->loop();
  if (loop.IsCurrent()) return connection_->Answer(sequence_, std::move(response));
  loop.Post(
      [connection = connection_, sequence = sequence_, response = std::move(response)]() mutable {
        connection->Answer(sequence, std::move(response));
      });
}

unsigned ConnectionExchange::loop() const { return connection_->loop().number(); }

bool ConnectionExchange::Abandoned() const {
  return connection_->abandoned() || (cancelled_ && cancelled_->load(std::memory_order_relaxed));
}

void ConnectionExchange::Post(std::function<void()> task) {
  connection_->loop().Post(std::move(task));
}

}  // namespace slipway::net
