#include "serve/protocol/outgoing_trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace slipway::serve {
namespace {

using telemetry::TraceHeaders;
using telemetry::TraceSampler;
using testing::EndsWith;
using testing::StartsWith;

constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-";
constexpr std::string_view kSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

net::RequestHead Head(std::string_view traceparent, std::string_view tracestate = "") {
  net::RequestHead head;
  if (!traceparent.empty()) head.AddHeader("traceparent", traceparent);
  if (!tracestate.empty()) head.AddHeader("tracestate", tracestate);
  return head;
}

TEST(OutgoingTrace, IsAChildOfTheRequestsSpan) {
  TraceSampler sampler(0, true);
  const net::RequestHead head = Head(kSampled, "rojo=1");
  const TraceHeaders sent = OutgoingTrace(head, "m", sampler);
  const auto span = sampler.TakeSpan(&head);
  ASSERT_TRUE(span.has_value());
  EXPECT_EQ(sent.traceparent, std::string(kTrace) + telemetry::ToHex(span->span_id) + "-01");
  EXPECT_EQ(sent.tracestate, "rojo=1");
  EXPECT_FALSE(sampler.TakeSpan(&head).has_value());
}

TEST(OutgoingTrace, ATraceThatBeginsHereSaysWhetherItIsExported) {
  TraceSampler all(1, true);
  EXPECT_THAT(OutgoingTrace(Head(""), "m", all).traceparent, EndsWith("-01"));
  TraceSampler none(0, true);
  EXPECT_THAT(OutgoingTrace(Head(""), "m", none).traceparent, EndsWith("-00"));
}

TEST(OutgoingTrace, WhoExportsNothingHandsOnWhatItWasGiven) {
  TraceSampler off(1, false);
  const net::RequestHead head = Head(kSampled, "rojo=1");
  EXPECT_EQ(OutgoingTrace(head, "m", off), (TraceHeaders{std::string(kSampled), "rojo=1"}));
  EXPECT_EQ(OutgoingTrace(Head(""), "m", off), TraceHeaders());
  EXPECT_FALSE(off.TakeSpan(&head).has_value());
  TraceSampler wished_off(1, true);
  wished_off.Wish("m", {.is_on = false});
  EXPECT_EQ(OutgoingTrace(head, "m", wished_off).traceparent, kSampled);
}

TEST(OutgoingTrace, WhatIsNoTraceIsNotHandedOn) {
  EXPECT_EQ(CallersTrace(Head("00-nothing", "rojo=1")), TraceHeaders());
  EXPECT_EQ(CallersTrace(Head(kSampled, "=")).tracestate, "");
  net::RequestHead twice = Head(kSampled);
  twice.AddHeader("traceparent", kSampled);
  EXPECT_EQ(CallersTrace(twice), TraceHeaders());
}

}  // namespace
}  // namespace slipway::serve
