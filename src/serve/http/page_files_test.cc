#include "serve/http/page_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/json.h"

namespace slipway::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string HeaderOf(const net::Response& response, std::string_view name) {
  std::string found;
  response.VisitHeaders([&](std::string_view key, std::string_view value) {
    if (key == name) found = value;
  });
  return found;
}

std::string BodyOf(const net::Response& response) {
  std::string body = response.text;
  for (const net::BodyPart& part : response.parts) {
    body.append(reinterpret_cast<const char*>(part.bytes.data()), part.bytes.size());
  }
  return body;
}

net::RequestHead Asking(std::string_view name, std::string_view value) {
  net::RequestHead head;
  head.AddHeader(head.memory.Keep(name), head.memory.Keep(value));
  return head;
}

TEST(RootResponse, IsThePageInABrowser) {
  const net::Response page =
      RootResponse(Asking("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"));
  EXPECT_EQ(HeaderOf(page, "Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(BodyOf(page), HasSubstr("<!doctype html>"));
}

TEST(RootResponse, IsASignOfLifeWhereJsonIsAskedFor) {
  EXPECT_EQ(BodyOf(RootResponse(Asking("Accept", "application/json"))), R"({"status":"alive"})");
}

TEST(FileResponse, IsNotSentAgainToAClientThatHasIt) {
  const std::string tag = HeaderOf(FileResponse("page.js", {}), "ETag");
  EXPECT_EQ(tag.size(), 26u);
  const net::Response again = FileResponse("page.js", Asking("If-None-Match", tag));
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.BodyBytes(), 0U);
}

TEST(FileResponse, AllowsNothingInlineAndNothingFromElsewhere) {
  for (const EmbeddedFile& file : PageFiles()) {
    const std::string policy = HeaderOf(FileResponse(file.name, {}), "Content-Security-Policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  }
}

TEST(FileResponse, DoesNotKnowOtherNames) {
  EXPECT_EQ(FileResponse("../page.js", {}).status, 404);
  EXPECT_EQ(FileResponse("", {}).status, 404);
}

TEST(PageFiles, HaveTheirBytes) {
  for (const EmbeddedFile& file : PageFiles()) EXPECT_GT(file.content.size(), 50u) << file.name;
  EXPECT_TRUE(ParseJson(BodyOf(FileResponse("openapi.json", {}))).ok());
}

}  // namespace
}  // namespace slipway::serve
