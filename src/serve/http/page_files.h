#pragma once

#include <span>
#include <string>
#include <string_view>

#include "net/http/http_types.h"

namespace slipway::serve {

/// A file that was put into the program when it was built (cmake/SlipwayEmbed.cmake).
struct EmbeddedFile {
  std::string_view name;
  std::string_view content;
};

/// The page's files and openapi.json. Static.
std::span<const EmbeddedFile> PageFiles();

/// Answers with an embedded file: its type, an ETag (304 when the client has it) and the page's
/// content policy, under which nothing is fetched from elsewhere and nothing inline runs. 404 for
/// another name.
net::Response FileResponse(std::string_view name, const net::RequestHead& head);

/// What GET / answers: the page, or {"status":"alive"} where JSON is asked for and HTML is not.
net::Response RootResponse(const net::RequestHead& head);

}  // namespace slipway::serve
