#include "serve/http/page_files.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/sha256.h"

namespace slipway::serve {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' "
    "blob:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

std::string_view ContentType(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kTypes = {{
      {".html", "text/html; charset=utf-8"},
      {".css", "text/css; charset=utf-8"},
      {".js", "text/javascript; charset=utf-8"},
      {".svg", "image/svg+xml"},
      {".json", "application/json"},
  }};
  for (const auto& [extension, type] : kTypes) {
    if (name.ends_with(extension)) return type;
  }
  return "application/octet-stream";
}

std::string EntityTag(std::string_view content) {
  constexpr std::size_t kDigits = 24;
  return "\"" + Sha256Of(content).Hex().substr(0, kDigits) + "\"";
}

bool Mentions(const std::string_view* header, std::string_view what) {
  return header != nullptr && header->find(what) != std::string::npos;
}

}  // namespace

net::Response FileResponse(std::string_view name, const net::RequestHead& head) {
  const auto files = PageFiles();
  const auto file = std::ranges::find(files, name, &EmbeddedFile::name);
  if (file == files.end())
    return net::Response::Text(404, "application/json", R"({"error":"there is no such file"})");
  std::string tag = EntityTag(file->content);
  net::Response response;
  const std::string_view* known = head.Find("If-None-Match");
  if (Mentions(known, tag) || (known != nullptr && *known == "*")) {
    response.status = 304;
  } else {
    // The bytes are static: nothing needs to keep them alive.
    response.parts.push_back({.bytes = std::as_bytes(std::span(file->content)), .keeper = nullptr});
    response.content_type = ContentType(name);
  }
  response.headers.emplace_back("ETag", std::move(tag));
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("Content-Security-Policy", kPolicy);
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  return response;
}

net::Response RootResponse(const net::RequestHead& head) {
  const std::string_view* accept = head.Find("Accept");
  if (Mentions(accept, "application/json") && !Mentions(accept, "text/html")) {
    return net::Response::Text(200, "application/json", R"({"status":"alive"})");
  }
  net::Response page = FileResponse("index.html", head);
  page.headers.emplace_back("Vary", "Accept");
  return page;
}

}  // namespace slipway::serve
