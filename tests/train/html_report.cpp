#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/train/html_report.hpp>

#include <support/temporary_folder.hpp>

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>

namespace xg = xgrad;
namespace train = xgrad::train;

namespace {

std::size_t count(std::string_view text, std::string_view what) {
    auto found = std::size_t{0};
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++found;
    return found;
}

constexpr auto nasty = "</script><img src=x onerror='alert(1)'>&\"\n\x01\\";

}  // namespace

TEST_CASE("text and numbers that can be nothing else") {
    CHECK(train::detail::html_text("a<b>&\"'\x01") == "a&lt;b&gt;&amp;&quot;&#39;?");
    CHECK(train::detail::json_text("a\"\\</script>\n") == "\"a\\\"\\\\\\u003c/script\\u003e\\u000a\"");
    CHECK(train::detail::json_number(0.5) == "0.5");
    CHECK(train::detail::json_number(std::nan("")) == "null");
    CHECK(train::detail::json_number(-INFINITY) == "null");
    CHECK(train::detail::base64("") == "");
    CHECK(train::detail::base64("f") == "Zg==");
    CHECK(train::detail::base64("fo") == "Zm8=");
    CHECK(train::detail::base64("foobar") == "Zm9vYmFy");
}

TEST_CASE("a page holds what it was given, as text") {
    auto log = train::history{};
    log.add(1, {{"train loss", 1}, {"test loss", 2}, {"accuracy", 0.5}, {nasty, 1}});
    log.add(2, {{"train loss", std::nan("")}, {"test loss", INFINITY}, {"accuracy", 0.75}});
    log.add(3, {{"train loss", 0.25}, {"test loss", 0.5}, {"accuracy", std::nan("")}});
    auto matrix = train::confusion_matrix{2};
    matrix.add(0, 0), matrix.add(0, 1), matrix.add(0, 1);
    const auto page = train::html_report_text(log, {.title = nasty,
                                                    .settings = {{nasty, nasty}, {"lr", "0.1"}},
                                                    .confusion = matrix,
                                                    .classes = {"cat", nasty},
                                                    .mistakes = {{nasty, xg::tensor<float>{{0.0f, 1.0f}, {2.0f, std::numeric_limits<float>::quiet_NaN()}}}},
                                                    .seconds = 75});
    CHECK(count(page, "</script>") == 2);
    CHECK(count(page, "<script") == 2);
    CHECK(count(page, "<img") == 1);
    CHECK(count(page, "<svg") == 3);
    CHECK(page.find("\"steps\":[1,2,3]") != std::string::npos);
    CHECK(page.find("{\"name\":\"train loss\",\"values\":[1,null,0.25]}") != std::string::npos);
    CHECK(page.find("NaN") == std::string::npos);
    CHECK(page.find("nan") == std::string::npos);
    CHECK(page.find(":inf") == std::string::npos);
    CHECK(page.find("33.3 %") != std::string::npos);
    CHECK(page.find("<dd>1:15</dd>") != std::string::npos);
    CHECK(page.find("http") == std::string::npos);   // nothing from elsewhere
}

TEST_CASE("epochs are whole numbers") {
    const auto labels = [](std::initializer_list<double> steps) {
        auto log = train::history{};
        for (const auto step : steps) log.add(step, {{"loss", 3}});
        const auto page = train::html_report_text(log);
        auto text = std::string{};   // what stands beneath the axis
        for (auto at = page.find("\"middle\">"); at != page.npos; at = page.find("\"middle\">", at + 1))
            text += page.substr(at + 9, page.find('<', at) - at - 9) + ' ';
        return text;
    };
    CHECK(labels({1}) == "1 ");
    CHECK(labels({1, 2}) == "1 2 ");
    CHECK(labels({1, 2, 3, 4}) == "1 2 3 4 ");
    CHECK(labels({1, 2, std::nan(""), 3}) == "1 2 3 ");
    CHECK(labels({0, 0.5, 1}) == "0 0.2 0.4 0.6 0.8 1 ");
    CHECK(labels({0, 40000}) == "0 10000 20000 30000 40000 ");
}

TEST_CASE("pages about next to nothing") {
    CHECK(train::html_report_text({}).find("<svg") == std::string::npos);
    auto log = train::history{};
    log.add(0, {{"loss", std::nan("")}});
    CHECK(count(train::html_report_text(log), "<polyline") == 0);
    log.add(0, {{"loss", 0}});
    CHECK(count(train::html_report_text(log), "<circle") == 1);
    log.add(5, {{"loss", 0}});
    log.add(std::nan(""), {{"loss", 0}});
    log.add(6, {{"loss", std::numeric_limits<double>::max()}});
    log.add(7, {{"loss", -std::numeric_limits<double>::max()}});
    log.add(8, {{"accuracy", std::numeric_limits<double>::denorm_min()}});
    const auto page = train::html_report_text(log);
    CHECK(page.find("nan") == std::string::npos);
    CHECK(page.find("inf,") == std::string::npos);
    CHECK(train::html_report_text(log, {.confusion = train::confusion_matrix{1}}).find("Accuracy - of 0") != std::string::npos);
}

TEST_CASE("pictures and files") {
    CHECK(train::detail::picture_address(xg::tensor<float, 2>{{1.0f}}) == "data:image/bmp;base64," + train::detail::base64(std::string{"BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0", 30} + std::string(24, '\0') + std::string{"\xff\xff\xff\0", 4}));
    const auto colours = xg::tensor<float, 3>{{{1.0f}}, {{0.5f}}, {{0.0f}}};
    CHECK(train::detail::picture_address(colours).ends_with(train::detail::base64(std::string{"\x00\x80\xff\x00", 4}).substr(0)));
    CHECK_THROWS_AS(train::detail::picture_address(xg::tensor<float>{1.0f, 2.0f}), xg::shape_error);
    const auto folder = temporary_folder{};
    train::html_report(folder.path("run.html"), {}, {.title = "Digits"});
    CHECK(folder.read("run.html").starts_with("<!DOCTYPE html>"));
    CHECK_THROWS_AS(train::html_report(folder.path("none/run.html"), {}), xg::io_error);
}
