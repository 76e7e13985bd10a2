#include "serve/http/status_mapping.h"

#include <fmt/format.h>

#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kRetryAfter = "Retry-After";

int HttpCodeOf(Code code) {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kInvalidArgument:
    case Code::kOutOfRange:
    case Code::kFailedPrecondition:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kPermissionDenied:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kAlreadyExists:
    case Code::kAborted:
      return 409;
    case Code::kResourceExhausted:
      return 429;
    case Code::kCancelled:
      return 499;
    case Code::kUnimplemented:
      return 501;
    case Code::kUnavailable:
      return 503;
    case Code::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

std::string_view TitleOf(int http_code) {
  switch (http_code) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 503:
      return "Service Unavailable";
    default:
      return http_code < 500 ? "Client Error" : "Server Error";
  }
}

net::Response Problem(int http_code, const Status& status) {
  const ErrorEntry* const entry = FindError(status.number());
  OrderedJson body = {{"type", "about:blank"},
                      {"title", entry == nullptr ? TitleOf(http_code) : entry->title},
                      {"status", http_code},
                      {"detail", status.message()}};
  if (entry != nullptr) body["code"] = ErrorName(status.number());
  if (status.place().starts_with('/')) body["pointer"] = status.place();
  if (!status.hint().empty()) body["hint"] = status.hint();
  body["error"] = ErrorText(status);
  return net::Response::Text(http_code, "application/problem+json", DumpJson(body));
}

net::Response Answer(int http_code, const Status& status, ErrorForm form) {
  if (form == ErrorForm::kProblem) return Problem(http_code, status);
  return net::Response::Text(http_code, "application/json",
                             "{\"error\":" + JsonQuoted(ErrorText(status)) + "}");
}

}  // namespace

int HttpCode(const Status& status) {
  const ErrorEntry* const entry = FindError(status.number());
  if (entry != nullptr && entry->http_status != 0) return entry->http_status;
  return HttpCodeOf(status.code());
}

net::Response ErrorAnswer(const Status& status, ErrorForm form) {
  const int http_code = HttpCode(status);
  net::Response answer = Answer(http_code, status, form);
  if (http_code == 503 || http_code == 429) answer.headers.emplace_back(kRetryAfter, "1");
  if (http_code == 401) answer.headers.emplace_back("WWW-Authenticate", "Bearer");
  return answer;
}

net::Response ErrorAnswer(int http_code, std::string_view message, ErrorForm form) {
  return Answer(http_code, Unknown(std::string(message)), form);
}

void SetRetryAfter(std::string seconds, net::Response& answer) {
  std::erase_if(answer.headers, [](const auto& header) { return header.first == kRetryAfter; });
  answer.headers.emplace_back(kRetryAfter, std::move(seconds));
}

ErrorForm WishedErrorForm(const net::RequestHead& head) {
  const std::string_view* const accept = head.Find("Accept");
  const bool is_wished =
      accept != nullptr && accept->find("application/problem+json") != std::string::npos;
  return is_wished ? ErrorForm::kProblem : ErrorForm::kPlain;
}

}  // namespace slipway::serve
