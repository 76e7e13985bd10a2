// Publishing, killed: at every failpoint of its order, and at random moments. Afterwards the store
// opens, holds the old state or the new one and says which, and takes the next publish.

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "base/clock.h"
#include "base/text.h"
#include "package/failpoints.h"
#include "registry/failpoints.h"
#include "registry/registry_test_store.h"

namespace slipway::registry {
namespace {

namespace fs = std::filesystem;

const std::string kProbe = std::string(SLIPWAY_BINARY_DIR) + "/tests/publish_probe";

/// A running probe and the pipe it prints to.
struct Probe {
  pid_t process = -1;
  FileDescriptor out;

  int Wait() const {
    int status = 0;
    waitpid(process, &status, 0);
    return status;
  }
};

class PublishKilled : public RegistryTest {
 protected:
  std::string Log() const { return Folder() + ".hits"; }
  void TearDown() override { fs::remove(Log()); }

  Probe Start(const std::string& content, const std::string& armed) const {
    std::vector<std::string> environment{"SLIPWAY_FAILPOINTS_SET=" + armed,
                                         "SLIPWAY_FAILPOINTS_LOG=" + Log(), "TMPDIR=/tmp"};
    std::vector<std::string> words{kProbe, Folder(), "m", content};
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> result;
      for (std::string& text : texts) result.push_back(text.data());
      result.push_back(nullptr);
      return result;
    };
    int ends[2] = {-1, -1};
    EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const FileDescriptor write_end(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
    Probe probe;
    probe.out = FileDescriptor(ends[0]);
    EXPECT_EQ(posix_spawn(&probe.process, kProbe.c_str(), &actions, nullptr, pointers(words).data(),
                          pointers(environment).data()),
              0);
    posix_spawn_file_actions_destroy(&actions);
    return probe;
  }

  /// The names hit, in order.
  std::vector<std::string> Hits() const {
    std::vector<std::string> hits;
    const Result<std::string> log = ReadFile(Log());
    if (!log.ok()) return hits;
    for (const std::string_view line : Split(*log, '\n')) {
      if (!line.empty()) hits.emplace_back(line);
    }
    return hits;
  }

  /// The versions held; the newest must open whole, and nothing unfinished may be left.
  std::vector<std::int64_t> StateAfterReopening() {
    Reopen();
    std::vector<std::int64_t> numbers;
    const Result<std::vector<ModelVersion>> versions = registry_->List();
    EXPECT_TRUE(versions.ok()) << versions.status().ToString();
    if (!versions.ok()) return numbers;
    for (const ModelVersion& version : *versions) numbers.push_back(version.version);
    if (!versions->empty()) {
      const Result<package::Package> newest = registry_->Open(versions->back());
      EXPECT_TRUE(newest.ok()) << newest.status().ToString();
    }
    EXPECT_TRUE(fs::is_empty(registry_->blobs().temporary_folder()));
    return numbers;
  }
};

std::set<std::string> AllFailpoints() {
  std::set<std::string> names(package::kStoreFailpoints.begin(), package::kStoreFailpoints.end());
  names.insert(kPublishFailpoints.begin(), kPublishFailpoints.end());
  return names;
}

TEST_F(PublishKilled, APublishPassesEveryFailpointThatIsListedAndNoOther) {
  ASSERT_EQ(Start("one", "").Wait(), 0);
  const std::vector<std::string> hits = Hits();
  EXPECT_EQ(std::set<std::string>(hits.begin(), hits.end()), AllFailpoints());
}

// Fault A1: SIGKILL at every step of a publish
TEST_F(PublishKilled, AtEveryFailpointTheStoreHoldsTheOldStateOrTheNew) {
  ASSERT_EQ(Start("one", "").Wait(), 0);
  const std::vector<std::string> order = Hits();  // weights, graph, manifest, catalogue
  std::map<std::string, int> hits_of_name;
  std::int64_t newest = 1;
  for (const std::string& name : order) {
    const int hit = ++hits_of_name[name];
    SCOPED_TRACE(fmt::format("{} at hit {}", name, hit));
    fs::remove(Log());
    registry_.reset();
    const std::string content = fmt::format("killed at {} {}", name, hit);
    const int status = Start(content, fmt::format("{}=crash@{}", name, hit)).Wait();
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    const std::vector<std::string> hits = Hits();
    EXPECT_EQ(hits.back(), name);
    EXPECT_EQ(std::ranges::count(hits, name), hit);

    const bool is_committed = name == "publish.after_commit";
    EXPECT_EQ(StateAfterReopening().back(), is_committed ? newest + 1 : newest);
    registry_.reset();
    ASSERT_EQ(Start(content, "").Wait(), 0);  // the same again: no second version of it
    EXPECT_EQ(StateAfterReopening().back(), ++newest);
  }
  EXPECT_EQ(order.size(), 3 * package::kStoreFailpoints.size() + kPublishFailpoints.size());
}

/// Reads what the probe says until the time is up.
void ReadFor(const Probe& probe, std::chrono::microseconds time, std::string& text) {
  const Stopwatch watch;
  for (;;) {
    const auto left = time - watch.Elapsed();
    if (left.count() <= 0) break;
    const timespec wait{.tv_sec = 0, .tv_nsec = left.count()};
    pollfd file{.fd = probe.out.get(), .events = POLLIN};
    if (ppoll(&file, 1, &wait, nullptr) <= 0) break;
    char buffer[256];
    const ssize_t count = read(probe.out.get(), buffer, sizeof buffer);
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

/// The last whole line.
std::int64_t LastNumber(std::string_view text) {
  const std::size_t end = text.rfind('\n');
  if (end == std::string_view::npos) return 0;
  text = text.substr(0, end);
  return ParseInt64(text.substr(text.rfind('\n') + 1)).value_or(0);
}

// Fault A3: one publish fails, the next ones pass
TEST_F(PublishKilled, AFullDiskFailsOnePublishAndTheNextOnesPass) {
  const Probe probe = Start("--thrice", "store.write=error(RESOURCE_EXHAUSTED)@1");
  EXPECT_EQ(*ReadAll(probe.out.get(), 100), "0\n1\n2\n");
  EXPECT_EQ(probe.Wait(), 0);
}

// A second fsync would succeed and lie: the kernel has dropped what it could not write.
// Fault A4: an fsync that fails
TEST_F(PublishKilled, AfterAFailedSyncTheStoreTakesNothingMore) {
  const Probe probe = Start("--thrice", "store.fsync=error(DATA_LOSS)@1");
  EXPECT_EQ(*ReadAll(probe.out.get(), 100), "0\n0\n0\n");
  EXPECT_EQ(probe.Wait(), 0);
  EXPECT_TRUE(StateAfterReopening().empty());
  EXPECT_EQ(Published("m", "after a restart"), 1);
}

// Fault A1: and at any moment
TEST_F(PublishKilled, AtFiftyRandomMomentsNothingThatWasAnsweredIsLost) {
  std::mt19937 random(7);
  std::int64_t newest = 0;
  for (int round = 0; round < 50; ++round) {
    SCOPED_TRACE(round);
    registry_.reset();
    const Probe probe = Start("--forever", "");
    std::string said;
    // Mostly among its publishes, every fifth time wherever it is, opening included.
    if (round % 5 != 0) {
      char first = 0;
      ASSERT_EQ(read(probe.out.get(), &first, 1), 1);
      said.push_back(first);
    }
    ReadFor(probe, std::chrono::microseconds(random() % 40'000), said);
    kill(probe.process, SIGKILL);
    probe.Wait();
    const Result<std::string> rest = ReadAll(probe.out.get(), 1 << 20);
    ASSERT_TRUE(rest.ok());
    const std::int64_t answered = std::max(newest, LastNumber(said + *rest));

    const std::vector<std::int64_t> numbers = StateAfterReopening();
    const std::int64_t held = numbers.empty() ? 0 : numbers.back();
    EXPECT_GE(held, answered);
    EXPECT_LE(held, answered + 1);  // committed, killed before it could say so
    EXPECT_EQ(numbers.size(), static_cast<std::size_t>(held));
    newest = held;
  }
  EXPECT_EQ(Published("m", "after all of it"), newest + 1);
}

}  // namespace
}  // namespace slipway::registry
