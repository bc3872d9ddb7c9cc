#include <doctest/doctest.h>

#include <xgrad/train/progress.hpp>
#include <xgrad/train/text.hpp>

#include <cmath>
#include <cstddef>
#include <cstdio>
#include <string>

namespace train = xgrad::train;

namespace {

train::detail::progress_state half_way() {
    auto state = train::detail::progress_state{};
    state.epoch = 2, state.epochs = 5;
    state.samples = 1000, state.done = 500, state.before = 1000;
    state.metrics = {{"loss", 5, 500}, {"accuracy", 400, 500}};
    state.seconds = 3;
    return state;
}

std::string written_to(std::FILE* file) {
    auto text = std::string{};
    std::rewind(file);
    for (auto c = std::fgetc(file); c != EOF; c = std::fgetc(file)) text += static_cast<char>(c);
    return text;
}

}  // namespace

TEST_CASE("numbers as text") {
    CHECK(train::fixed(1.005, 1) == "1.0");
    CHECK(train::percent(0.98256) == "98.26 %");
    CHECK(train::duration(7.4) == "0:07");
    CHECK(train::duration(754) == "12:34");
    CHECK(train::duration(3723) == "1:02:03");
    CHECK(train::duration(-1) == "?");
    CHECK(train::duration(0.0 / 0.0) == "?");
    CHECK(train::align_right("ab", 4) == "  ab");
    CHECK(train::align_left("ab", 4) == "ab  ");
    CHECK(train::align_right("abc", 2) == "abc");
}

TEST_CASE("the progress line fits into its width and leaves out the less important") {
    const auto state = half_way();
    CHECK(train::detail::progress_line(state, 100) ==
          "epoch 2/5 [===============>              ]  loss 0.01000  accuracy 80.00 %  500 images/s  0:07 left");
    CHECK(train::detail::progress_line(state, 79) ==
          "epoch 2/5 [=====>    ]  loss 0.01000  accuracy 80.00 %  500 images/s  0:07 left");
    CHECK(train::detail::progress_line(state, 70) ==
          "epoch 2/5  loss 0.01000  accuracy 80.00 %  500 images/s  0:07 left");
    CHECK(train::detail::progress_line(state, 40) == "epoch 2/5  loss 0.01000  0:07 left");
    CHECK(train::detail::progress_line(state, 5) == "epoch");
    CHECK(train::detail::progress_line(state, 0).empty());
    for (auto width = std::size_t{0}; width < 200; ++width)
        CHECK(train::detail::progress_line(state, width).size() <= width);
}

TEST_CASE("the bar is full when the epoch is done, and never more than full") {
    auto state = half_way();
    state.done = 1000;
    CHECK(train::detail::progress_line(state, 120).find("[==============================]") != std::string::npos);
    state.done = 1200;
    CHECK(train::detail::progress_line(state, 120).find("[==============================]") != std::string::npos);
}

TEST_CASE("nobody knows how many samples there are, or nothing is done yet") {
    auto state = half_way();
    state.samples = 0;
    CHECK(train::detail::progress_line(state, 100) == "epoch 2/5  500 images  loss 0.01000  accuracy 80.00 %  500 images/s");
    state = half_way();
    state.done = 0, state.before = 0, state.seconds = 0, state.epoch = 1;
    for (auto& each : state.metrics) each.samples = 0;
    CHECK(train::detail::progress_line(state, 70) == "epoch 1/5 [>                 ]  loss -  accuracy -  ? images/s  ? left");
    CHECK(train::detail::epoch_line(state, 0) == "epoch 1/5  loss -  accuracy -  ? images/s  0.0 s");
    state.metrics.clear();
    for (auto width = std::size_t{0}; width < 100; ++width) CHECK(train::detail::progress_line(state, width).size() <= width);
}

TEST_CASE("any metrics, each a mean over the samples") {
    auto* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    {
        auto progress = train::progress{{.epochs = 12, .out = file}};
        progress.begin_epoch(6);
        progress.step(30, {{"mse", 0.00002}, {"r2", 0.5}});
        progress.step(10, {{"mse", 0.00006}, {"r2", -1500}});
        progress.step(0, {{"mse", std::nan("")}});
        progress.end_epoch();
        CHECK(progress.mean("r2") == doctest::Approx(-374.625));
        CHECK(std::isnan(progress.mean("mae")));
        CHECK(std::isnan(progress.loss()));
        progress.begin_epoch();
        progress.step(1, {{"a\033[2J\n", std::nan("")}});
        progress.end_epoch();
    }
    const auto text = written_to(file);
    std::fclose(file);
    CHECK(text.starts_with("epoch  7/12  mse 3e-05  r2 -374.625  "));
    CHECK(text.find("epoch  8/12  mse -  r2 -  a?[2J? nan") != std::string::npos);
}

TEST_CASE("into a file goes one plain line for each epoch") {
    auto* const file = std::tmpfile();
    REQUIRE(file != nullptr);
    {
        auto progress = train::progress{{.epochs = 2, .samples = 100, .unit = "rows", .out = file}};
        for (auto epoch = 0; epoch < 2; ++epoch) {
            progress.begin_epoch();
            progress.step(60, 0.5, 30);
            progress.step(40, 1, 40);
            progress.end_epoch();
        }
        CHECK(progress.loss() == doctest::Approx(0.7));
        CHECK(progress.accuracy() == doctest::Approx(0.7));
        progress.begin_epoch();
        progress.step(60, 0.5, 30);   // an epoch that breaks off says nothing
    }
    const auto text = written_to(file);
    std::fclose(file);
    CHECK(text.starts_with("epoch 1/2  loss 0.70000  accuracy 70.00 %  "));
    CHECK(text.find("\nepoch 2/2  loss 0.70000  accuracy 70.00 %  ") != std::string::npos);
    CHECK(text.ends_with(" s\n"));
    CHECK(text.find(" rows/s  ") != std::string::npos);
    CHECK(text.find('\r') == std::string::npos);
    CHECK(text.find('\033') == std::string::npos);
}
