#include "serve/predict/client_deadline.h"

#include <gtest/gtest.h>

namespace slipway::serve {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

TEST(ParseTimeout, ReadsEveryUnit) {
  EXPECT_EQ(ParseTimeout("grpc-timeout", "2H").value(), hours(2));
  EXPECT_EQ(ParseTimeout("grpc-timeout", "2M").value(), std::chrono::minutes(2));
  EXPECT_EQ(ParseTimeout("grpc-timeout", "2S").value(), std::chrono::seconds(2));
  EXPECT_EQ(ParseTimeout("grpc-timeout", "250m").value(), milliseconds(250));
  EXPECT_EQ(ParseTimeout("grpc-timeout", "7u").value(), microseconds(7));
  EXPECT_EQ(ParseTimeout("grpc-timeout", "99999999n").value(), nanoseconds(99'999'999));
  EXPECT_GT(ParseTimeout("grpc-timeout", "99999999H").value(), hours(1000));
}

TEST(ParseTimeout, NamesTheHeaderThatIsWrong) {
  for (const std::string_view text : {"", "m", "250", "250s", "-1m", "1.5S", "123456789m", " 1m"}) {
    const Status status = ParseTimeout("grpc-timeout", text).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << text;
    EXPECT_TRUE(status.message().starts_with("grpc-timeout ")) << status.message();
  }
}

TEST(EarliestDeadline, IsTheEarlierWishAndNeverBeyondTheLongest) {
  const MonotonicTime now{};
  const auto of = [&](std::optional<nanoseconds> header, std::optional<microseconds> wished) {
    return EarliestDeadline(now, header, wished, milliseconds(100));
  };
  EXPECT_EQ(of(std::nullopt, std::nullopt), std::nullopt);
  EXPECT_EQ(of(std::nullopt, microseconds(0)), std::nullopt);
  EXPECT_EQ(of(milliseconds(5), milliseconds(7)), now + milliseconds(5));
  EXPECT_EQ(of(milliseconds(9), milliseconds(7)), now + milliseconds(7));
  EXPECT_EQ(of(nanoseconds(0), std::nullopt), now);
  EXPECT_EQ(of(hours(1), std::nullopt), now + milliseconds(100));
}

}  // namespace
}  // namespace slipway::serve
