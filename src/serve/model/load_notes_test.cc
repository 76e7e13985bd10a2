#include "serve/model/load_notes.h"

#include <gtest/gtest.h>

namespace slipway::serve {
namespace {

TEST(LoadNotes, ComeBackAsTheyWere) {
  const LoadNotes notes{.own_bytes = 5,
                        .mapped_bytes = 100'000'000'000,
                        .run_time = std::chrono::milliseconds(90),
                        .outputs = {OutputMemory::kFixed, OutputMemory::kEngine}};
  EXPECT_EQ(DecodeNotes(EncodeNotes(notes)), notes);
}

TEST(LoadNotes, WhatIsSomethingElseIsNothing) {
  for (const char* text :
       {"", "{}", "[]", "null", R"({"own_bytes":1,"mapped_bytes":1,"run_ns":1})",
        R"({"own_bytes":-1,"mapped_bytes":1,"run_ns":1,"outputs":[]})",
        R"({"own_bytes":1,"mapped_bytes":1,"run_ns":1e30,"outputs":[]})",
        R"({"own_bytes":1,"mapped_bytes":1,"run_ns":9223372036854775807,"outputs":[]})",
        R"({"own_bytes":1,"mapped_bytes":1,"run_ns":1,"outputs":[3]})",
        R"({"own_bytes":1,"mapped_bytes":1,"run_ns":1,"outputs":["fixed"]})"}) {
    EXPECT_FALSE(DecodeNotes(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace slipway::serve
