#include "net/client/answer_parser.h"

#include <fmt/format.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <utility>

#include "base/text.h"

namespace slipway::net {

namespace {

namespace http = boost::beast::http;
using ErrorCode = boost::beast::error_code;
using Text = boost::beast::string_view;

constexpr unsigned kMaxInterim = 16;
constexpr int kSwitchingProtocols = 101;

Status Refused(const ErrorCode& error, const AnswerLimits& limits) {
  if (error == http::error::body_limit) {
    return ResourceExhausted(
        fmt::format("the server's answer is larger than {}", HumanBytes(limits.body_bytes)));
  }
  if (error == http::error::header_limit) {
    return ResourceExhausted(fmt::format("the head of the server's answer is larger than {}",
                                         HumanBytes(limits.head_bytes)));
  }
  return DataLoss(fmt::format("the server's answer is not HTTP/1.1 ({})", error.message()));
}

}  // namespace

/// One message. Beast calls the on_... functions below from put().
class AnswerParser::Message final : public http::basic_parser<false> {
 public:
  explicit Message(const Options& options) : keeps_(!options.status_only) {
    eager(true);
    skip(options.answers_head);
    header_limit(static_cast<std::uint32_t>(options.limits.head_bytes));
    body_limit(options.limits.body_bytes);
  }

  HttpAnswer answer;

  bool IsInterim() const {
    return answer.status / 100 == 1 && answer.status != kSwitchingProtocols;
  }

 private:
  void on_request_impl(http::verb, Text, Text, int, ErrorCode&) override {}
  void on_response_impl(int code, Text, int, ErrorCode&) override { answer.status = code; }
  void on_field_impl(http::field, Text name, Text value, ErrorCode&) override {
    if (!keeps_) return;
    answer.headers.emplace_back(std::string(name.data(), name.size()),
                                std::string(value.data(), value.size()));
  }
  void on_header_impl(ErrorCode&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text body, ErrorCode&) override {
    if (keeps_) answer.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, Text, ErrorCode&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, ErrorCode& error) override {
    return on_body_impl(body, error);
  }
  void on_finish_impl(ErrorCode&) override {}

  bool keeps_;
};

const std::string* HttpAnswer::Find(std::string_view name) const {
  for (const Header& header : headers) {
    if (EqualsIgnoreCase(header.first, name)) return &header.second;
  }
  return nullptr;
}

AnswerParser::AnswerParser() : AnswerParser(Options()) {}
AnswerParser::AnswerParser(const Options& options)
    : options_(options), message_(std::make_unique<Message>(options)) {}
AnswerParser::AnswerParser(AnswerParser&&) noexcept = default;
AnswerParser& AnswerParser::operator=(AnswerParser&&) noexcept = default;
AnswerParser::~AnswerParser() = default;

Result<bool> AnswerParser::Feed(std::string_view bytes) {
  if (!bytes.empty()) started_ = true;
  const bool has_pending = !pending_.empty();
  if (has_pending) pending_.append(bytes);
  std::string_view rest = has_pending ? std::string_view(pending_) : bytes;
  while (!rest.empty() && !message_->is_done()) {
    ErrorCode error;
    rest.remove_prefix(message_->put(boost::asio::buffer(rest.data(), rest.size()), error));
    if (error == http::error::need_more) break;
    if (error) return Refused(error, options_.limits);
    if (!message_->is_done() || !message_->IsInterim()) continue;
    if (++interim_ > kMaxInterim) return DataLoss("the server sends interim answers without end");
    message_ = std::make_unique<Message>(options_);
  }
  if (message_->is_done()) {
    if (!rest.empty()) return DataLoss("the server sent more than its answer");
    pending_.clear();
    return true;
  }
  if (rest.size() > options_.limits.head_bytes)
    return Refused(http::error::header_limit, options_.limits);
  pending_ = std::string(rest);
  return false;
}

Status AnswerParser::End() {
  ErrorCode error;
  if (pending_.empty() && !message_->is_done() && message_->got_some()) message_->put_eof(error);
  if (!error && message_->is_done()) return {};
  return DataLoss("the server closed the connection in the middle of its answer");
}

bool AnswerParser::started() const { return started_; }

bool AnswerParser::KeepsConnection() const {
  return message_->keep_alive() && message_->answer.status != kSwitchingProtocols;
}

HttpAnswer AnswerParser::Take() {
  HttpAnswer answer = std::move(message_->answer);
  message_ = std::make_unique<Message>(options_);
  started_ = false;
  interim_ = 0;
  return answer;
}

}  // namespace slipway::net
