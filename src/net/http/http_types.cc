#include "net/http/http_types.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace slipway::net {
namespace {

constexpr std::size_t kFirstHeaders = 8;

/// The length differs nearly always, and the letters in their case hardly ever.
bool IsNamed(const HeaderView& header, std::string_view name) {
  return header.name.size() == name.size() &&
         (header.name == name || EqualsIgnoreCase(header.name, name));
}

}  // namespace

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kOther:
      break;
  }
  return "other";
}

Method MethodNamed(std::string_view text) {
  constexpr Method kMethods[] = {Method::kPost, Method::kGet,    Method::kHead,
                                 Method::kPut,  Method::kDelete, Method::kOptions};
  for (const Method method : kMethods) {
    if (text == MethodName(method)) return method;
  }
  return Method::kOther;
}

void RequestHead::AddHeader(std::string_view name, std::string_view value) {
  if (headers.size() == room_.size()) {
    const auto larger = memory.Array<HeaderView>(std::max(kFirstHeaders, 2 * room_.size()));
    std::ranges::copy(headers, larger.begin());
    room_ = larger;
  }
  room_[headers.size()] = {name, value};
  headers = room_.first(headers.size() + 1);
  const std::uint64_t bit = NameBit(name);
  repeated_ |= names_ & bit;
  names_ |= bit;
}

const std::string_view* RequestHead::Search(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (IsNamed(header, name)) return &header.value;
  }
  return nullptr;
}

std::size_t RequestHead::Count(std::string_view name) const {
  return static_cast<std::size_t>(std::ranges::count_if(
      headers, [&](const HeaderView& header) { return IsNamed(header, name); }));
}

BodyPart BodyPart::Of(std::string text) {
  const auto keeper = std::make_shared<const std::string>(std::move(text));
  return {std::as_bytes(std::span(*keeper)), keeper};
}

Response Response::Text(int status, std::string_view content_type, std::string text) {
  Response response;
  response.status = status;
  response.content_type = content_type;
  response.text = std::move(text);
  return response;
}

std::uint64_t Response::BodyBytes() const {
  std::uint64_t bytes = text.size();
  for (const BodyPart& part : parts) bytes += part.bytes.size();
  return bytes;
}

std::vector<BodyPart> Response::TakeBody() {
  std::vector<BodyPart> body = std::exchange(parts, {});
  if (!text.empty()) body.insert(body.begin(), BodyPart::Of(std::exchange(text, {})));
  return body;
}

}  // namespace slipway::net
