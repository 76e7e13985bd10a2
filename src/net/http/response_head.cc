#include "net/http/response_head.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

#include "net/http/head_rules.h"

namespace slipway::net {
namespace {

constexpr std::pair<int, std::string_view> kReasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

void AppendNumber(std::uint64_t number, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

bool EndsHeader(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

void AppendHeader(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ");
  const std::size_t begin = out.size();
  out.append(value);
  if (!IsFieldValue(value)) {
    std::replace_if(out.begin() + static_cast<std::ptrdiff_t>(begin), out.end(), EndsHeader, ' ');
  }
  out.append("\r\n");
}

}  // namespace

bool MayHaveBody(int status) { return status >= 200 && status != 204 && status != 304; }

std::string_view ReasonPhrase(int status) {
  const auto* at =
      std::ranges::lower_bound(kReasons, status, {}, &std::pair<int, std::string_view>::first);
  return at != std::end(kReasons) && at->first == status ? at->second : "Status";
}

void AppendResponseHead(const Response& response, const ResponseFraming& framing,
                        std::string& out) {
  if (response.status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append("HTTP/1.1 ");
    AppendNumber(static_cast<std::uint64_t>(response.status), out);
    out.append(" ").append(ReasonPhrase(response.status)).append("\r\n");
  }
  response.VisitHeaders(
      [&](std::string_view name, std::string_view value) { AppendHeader(name, value, out); });
  if (MayHaveBody(response.status)) {
    out.append("Content-Length: ");
    AppendNumber(framing.content_length, out);
    out.append("\r\n");
  }
  out.append("Date: ").append(framing.date).append("\r\n");
  if (framing.close) out.append("Connection: close\r\n");
  if (!framing.close && framing.say_keep_alive) out.append("Connection: keep-alive\r\n");
  out.append("\r\n");
}

std::string WholeAnswer(const Response& response, std::string_view date) {
  std::string text;
  AppendResponseHead(response,
                     {.content_length = response.text.size(), .date = date, .close = true}, text);
  return text.append(response.text);
}

std::string FormatHttpDate(std::int64_t unix_seconds) {
  const std::time_t time = static_cast<std::time_t>(unix_seconds);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text, size};
}

}  // namespace slipway::net
