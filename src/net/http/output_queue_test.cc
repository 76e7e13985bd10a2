#include "net/http/output_queue.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace slipway::net {
namespace {

/// Sends all that is queued, at most `piece` bytes at a time.
std::string Drain(OutputQueue& queue, std::size_t piece) {
  std::string sent;
  while (!queue.empty()) {
    iovec vectors[3];
    const std::size_t count = queue.Gather(vectors);
    std::size_t left = piece;
    for (std::size_t i = 0; i < count && left > 0; ++i) {
      const std::size_t taken = std::min(left, vectors[i].iov_len);
      sent.append(static_cast<const char*>(vectors[i].iov_base), taken);
      left -= taken;
    }
    queue.Consume(piece - left);
  }
  return sent;
}

void AppendText(OutputQueue& queue, std::string_view text) {
  queue.text().append(text);
  queue.TextAppended();
}

TEST(OutputQueue, TextAndBodiesLeaveInOrderHoweverMuchTheSocketTakes) {
  const std::string large(5000, 'L');
  for (const std::size_t piece : {1u, 7u, 4999u, 5000u, 100'000u}) {
    OutputQueue queue;
    AppendText(queue, "head1 ");
    queue.Append(BodyPart::Of(large));
    AppendText(queue, " head2 ");
    queue.Append(BodyPart::Of("small"));
    queue.Append(BodyPart::Of(""));
    queue.Append(BodyPart::Of(large));
    queue.Append(BodyPart::Of(large));
    EXPECT_EQ(queue.bytes(), 6u + 3 * 5000 + 7 + 5);
    EXPECT_EQ(Drain(queue, piece), "head1 " + large + " head2 small" + large + large) << piece;
    AppendText(queue, "again");
    EXPECT_EQ(Drain(queue, piece), "again");
  }
}

TEST(OutputQueue, ABodyIsSentFromWhereItIsAndLetGoWhenItIsOut) {
  const auto keeper = std::make_shared<std::string>(10'000, 'x');
  OutputQueue queue;
  queue.Append({std::as_bytes(std::span(*keeper)), keeper});
  iovec vector{};
  ASSERT_EQ(queue.Gather({&vector, 1}), 1u);
  EXPECT_EQ(vector.iov_base, keeper->data());
  queue.Consume(9'999);
  EXPECT_EQ(keeper.use_count(), 2);
  queue.Consume(1);
  EXPECT_EQ(keeper.use_count(), 1);
}

}  // namespace
}  // namespace slipway::net
