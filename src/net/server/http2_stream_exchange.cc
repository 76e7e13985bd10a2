#include "net/server/http2_stream_exchange.h"

#include <utility>

#include "net/server/http2_protocol.h"

namespace slipway::net {

Http2StreamExchange::Http2StreamExchange(std::shared_ptr<const Http2Link> link,
                                         std::shared_ptr<EventLoop> loop,
                                         Http2Session::Request request, MonotonicTime received)
    : link_(std::move(link)),
      loop_(std::move(loop)),
      stream_(request.stream),
      head_(std::move(request.head)),
      received_(received),
      cancelled_(std::move(request.cancelled)) {}

void Http2StreamExchange::Run(std::function<void()> task) {
  if (loop_->IsCurrent()) return task();
  loop_->Post(std::move(task));
}

StreamExchange::State Http2StreamExchange::state() const {
  if (link_->protocol == nullptr) return {.now = received_, .is_gone = true};
  return link_->protocol->session().StateOf(stream_);
}

void Http2StreamExchange::Consume(std::size_t bytes) {
  if (link_->protocol != nullptr) link_->protocol->Changed().Consume(stream_, bytes);
}

void Http2StreamExchange::AwaitBody(bool awaits) {
  if (link_->protocol != nullptr) link_->protocol->session().AwaitBody(stream_, awaits);
}

void Http2StreamExchange::WakeAt(MonotonicTime when) {
  if (link_->protocol != nullptr) link_->protocol->session().WakeAt(stream_, when);
}

void Http2StreamExchange::Begin(Response head) {
  if (link_->protocol != nullptr) link_->protocol->Changed().Begin(stream_, head, loop_->Date());
}

void Http2StreamExchange::Send(std::vector<BodyPart> parts) {
  if (link_->protocol != nullptr) link_->protocol->Changed().Send(stream_, std::move(parts));
}

void Http2StreamExchange::End(std::vector<ResponseHeader> trailers) {
  if (link_->protocol != nullptr) link_->protocol->Changed().End(stream_, std::move(trailers));
}

void Http2StreamExchange::Answer(Response response) {
  if (link_->protocol != nullptr)
    link_->protocol->Changed().Answer(stream_, std::move(response), loop_->Date());
}

}  // namespace slipway::net
