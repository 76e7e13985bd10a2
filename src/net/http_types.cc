#include "net/http_types.h"

#include <algorithm>

#include "base/text.h"

namespace slipway::net {
namespace {

/// Heads are searched many times, and the length or the first letter differs nearly always.
bool IsNamed(const Header& header, std::string_view name) {
  constexpr int kCaseBit = 0x20;
  return header.first.size() == name.size() && ((header.first[0] ^ name[0]) & ~kCaseBit) == 0 &&
         EqualsIgnoreCase(header.first, name);
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

const std::string* RequestHead::Find(std::string_view name) const {
  for (const Header& header : headers) {
    if (IsNamed(header, name)) return &header.second;
  }
  return nullptr;
}

bool RequestHead::Repeated(std::string_view name) const {
  return std::ranges::count_if(headers,
                               [&](const Header& header) { return IsNamed(header, name); }) > 1;
}

BodyPart BodyPart::Of(std::string text) {
  const auto keeper = std::make_shared<const std::string>(std::move(text));
  return {std::as_bytes(std::span(*keeper)), keeper};
}

Response Response::Text(int status, std::string_view content_type, std::string text) {
  Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", content_type);
  if (!text.empty()) response.body.push_back(BodyPart::Of(std::move(text)));
  return response;
}

}  // namespace slipway::net
