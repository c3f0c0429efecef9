#include "tracia/base/clock.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace tracia {
namespace {

constexpr int64_t kSecond = 1'000'000;

TEST(Rfc3339, WritesMicrosAndMillis) {
  EXPECT_EQ(format_rfc3339_micros({0}), "1970-01-01T00:00:00.000000Z");
  const Timestamp t{1'732'098'645'123'456};
  EXPECT_EQ(format_rfc3339_micros(t), "2024-11-20T10:30:45.123456Z");
  EXPECT_EQ(format_rfc3339_millis(t), "2024-11-20T10:30:45.123Z");
  EXPECT_EQ(format_iso_basic(t), "20241120T103045Z");
}

TEST(Rfc3339, WritesTimesBeforeTheEpoch) { EXPECT_EQ(format_rfc3339_micros({-1}), "1969-12-31T23:59:59.999999Z"); }

TEST(Rfc3339, WritesTheNearestYearOfFourDigitsForAbsurdStamps) {
  EXPECT_EQ(format_rfc3339_micros({std::numeric_limits<int64_t>::max()}), "9999-12-31T23:59:59.999999Z");
  EXPECT_EQ(format_rfc3339_micros({std::numeric_limits<int64_t>::min()}), "0000-01-01T00:00:00.000000Z");
}

TEST(Rfc3339, ReadsDatesFractionsAndOffsets) {
  const int64_t ten = 1'763'632'800 * kSecond;  // 2025-11-20T10:00:00Z
  EXPECT_EQ(parse_rfc3339("2025-11-20T10:00:00Z")->micros, ten);
  EXPECT_EQ(parse_rfc3339("2025-11-20t10:00:00z")->micros, ten);
  EXPECT_EQ(parse_rfc3339("2025-11-20 10:00:00")->micros, ten);
  EXPECT_EQ(parse_rfc3339("2025-11-20T10:00")->micros, ten);
  EXPECT_EQ(parse_rfc3339("2025-11-20")->micros, ten - 36'000 * kSecond);
  EXPECT_EQ(parse_rfc3339("2025-11-20T10:00:00.5Z")->micros, ten + kSecond / 2);
  EXPECT_EQ(parse_rfc3339("2025-11-20T10:00:00.123456789Z")->micros, ten + 123'456);
  EXPECT_EQ(parse_rfc3339("2025-11-20T15:30:00+05:30")->micros, ten);
  EXPECT_EQ(parse_rfc3339("2025-11-20T15:30:00+0530")->micros, ten);
  EXPECT_EQ(parse_rfc3339("2025-11-20T02:00:00-08")->micros, ten);
}

TEST(Rfc3339, ReadsALeapSecondAsTheNextMinute) {
  EXPECT_EQ(parse_rfc3339("2016-12-31T23:59:60Z"), parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "2025", "2025-13-01", "2025-02-29", "2025-00-10", "2025-11-20X", "2025-11-20T", "2025-11-20T24:00:00Z",
        "2025-11-20T10:60:00Z", "2025-11-20T10:00:61Z", "2025-11-20T10:00:00.", "2025-11-20T10:00:00.Z",
        "2025-11-20T10:00:00+", "2025-11-20T10:00:00+5", "2025-11-20T10:00:00+05:", "2025-11-20T10:00:00+24:00",
        "2025-11-20T10:00:00Z ", "-025-11-20", "20251120T100000Z"}) {
    EXPECT_EQ(parse_rfc3339(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(Rfc3339, ReadingGivesBackWhatWasWritten, ()) {
  const Timestamp t{*rc::gen::inRange<int64_t>(-62'167'219'200 * kSecond, 253'402'300'800 * kSecond)};
  RC_ASSERT(parse_rfc3339(format_rfc3339_micros(t)) == t);
}

RC_GTEST_PROP(Rfc3339, AnyTextIsReadOrRefused, (const std::string& text)) {
  parse_rfc3339(text);
  parse_rfc3339("2025-11-20T10:00:00" + text);
  parse_http_date(text);
}

TEST(HttpDate, ReadsTheFixedForm) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT")->micros, 784'111'777 * kSecond);
  EXPECT_EQ(format_rfc3339_micros(*parse_http_date("Tue, 29 Feb 2028 23:59:59 GMT")), "2028-02-29T23:59:59.000000Z");
}

TEST(HttpDate, RefusesOtherForms) {
  for (const char* text :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 anF 1994 08:49:37 GMT", "Sun, 06xNovx1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 25:49:37 GMT"}) {
    EXPECT_EQ(parse_http_date(text), std::nullopt) << text;
  }
}

TEST(SystemClock, IsPast2024AndItsSteadyTimeDoesNotGoBack) {
  EXPECT_GT(system_clock().now().micros, 1'704'067'200 * kSecond);
  const SteadyTime before = system_clock().steady();
  EXPECT_LE(before, system_clock().steady());
}

}  // namespace
}  // namespace tracia
