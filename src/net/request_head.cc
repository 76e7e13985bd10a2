#include "net/request_head.h"

#include <boost/beast/http/basic_parser.hpp>
#include <utility>

#include "base/status.h"
#include "base/text.h"
#include "net/head_rules.h"
#include "net/request_target.h"

namespace slipway::net {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using BeastText = boost::beast::string_view;

/// Collects a head. The body is none of its business: Beast takes trailers for headers and framing
/// that RFC 9112 forbids.
class HeadParser final : public http::basic_parser<true> {
 public:
  HeadParser(RequestHead& head, std::size_t limit) : head_(head) {
    header_limit(static_cast<std::uint32_t>(limit));
    body_limit(boost::none);
  }

 private:
  void on_request_impl(http::verb, BeastText method, BeastText target, int version,
                       error_code&) override {
    head_.method_text = {method.data(), method.size()};
    head_.method = MethodNamed(head_.method_text);
    head_.target = {target.data(), target.size()};
    head_.version_minor = static_cast<unsigned>(version % 10);
  }
  void on_field_impl(http::field, BeastText name, BeastText value, error_code&) override {
    head_.AddHeader({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(error_code&) override {}
  void on_response_impl(int, BeastText, int, error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(BeastText text, error_code&) override { return text.size(); }
  void on_chunk_header_impl(std::uint64_t, BeastText, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, BeastText text, error_code&) override {
    return text.size();
  }
  void on_finish_impl(error_code&) override {}

  RequestHead& head_;
};

Refusal RefusalOf(const error_code& error) {
  constexpr std::pair<http::error, std::string_view> kTexts[] = {
      {http::error::bad_content_length,
       "ambiguous body length: Content-Length must be one decimal number without "
       "Transfer-Encoding"},
      {http::error::multiple_content_length,
       "ambiguous body length: Content-Length says different numbers"},
      {http::error::bad_transfer_encoding,
       "ambiguous body length: Transfer-Encoding must stand once and without Content-Length"},
      {http::error::bad_method, "the method is not a token"},
      {http::error::bad_target, "the request target holds a character that no target has"},
      {http::error::bad_version, "the request line does not end in HTTP/1.1 or HTTP/1.0"},
      {http::error::bad_field, "a header name is not a token"},
      {http::error::bad_value, "a header value holds a character that no value has"},
  };
  for (const auto& [code, text] : kTexts) {
    if (error == code) return {400, std::string(text)};
  }
  return {400, "the request's head is not well-formed"};
}

std::optional<Refusal> ParseFields(std::string_view bytes, RequestHead& head) {
  HeadParser parser(head, bytes.size() + 1);
  error_code error;
  const std::size_t taken = parser.put({bytes.data(), bytes.size()}, error);
  if (error) return RefusalOf(error);
  if (!parser.is_header_done() || taken != bytes.size())
    return Refusal{400, "the request's head is not well-formed"};
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> ParseRequestHead(std::string_view bytes, const HttpLimits& limits,
                                        RequestHead& head) {
  if (auto refusal = CheckHeadBytes(bytes, limits)) return refusal;
  if (auto refusal = ParseFields(head.memory.Keep(bytes), head)) return refusal;
  if (head.method_text == "CONNECT") return Refusal{501, "this server is no proxy"};
  Result<RequestTarget> target = ParseRequestTarget(head.target, head.memory);
  if (!target.ok()) return Refusal{400, target.status().message()};
  if (auto refusal = CheckHead(head, target->authority)) return refusal;
  head.segments = target->segments;
  head.query = target->query;
  head.chunked = head.Find("Transfer-Encoding") != nullptr;
  if (const std::string_view* length = head.Find("Content-Length"))
    head.content_length = ParseUint64(*length);
  return std::nullopt;
}

}  // namespace slipway::net
