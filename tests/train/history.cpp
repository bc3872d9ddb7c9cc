// Curves, the log, event files, and the loop that makes them.
#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/ops/loss/regression.hpp>
#include <xgrad/optim/sgd.hpp>
#include <xgrad/train/fit.hpp>
#include <xgrad/train/history.hpp>
#include <xgrad/train/tensorboard.hpp>

#include <support/temporary_folder.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace train = xgrad::train;

TEST_CASE("curves, some of which have gaps") {
    auto log = train::history{};
    log.add(1, {{"loss", 0.5}});
    log.add(2, {{"loss", 0.25}, {"accuracy", 0.9}});
    log.add(3, {{"accuracy", 0.95}});
    CHECK(log.size() == 3);
    CHECK(log.names() == std::vector<std::string>{"loss", "accuracy"});
    CHECK(log["loss"][1] == 0.25);
    CHECK(std::isnan(log["loss"][2]));
    CHECK(std::isnan(log["accuracy"][0]));
    CHECK(log.steps() == std::vector<double>{1, 2, 3});
    CHECK_THROWS_AS(log["mse"], xg::value_error);
}

TEST_CASE("a log as CSV, row by row") {
    const auto folder = temporary_folder{};
    {
        auto log = train::csv_log{folder.path("log.csv")};
        log.add(1, {{"loss", 0.5}, {"a \"b\", c", std::nan("")}});
        CHECK(folder.read("log.csv") == "step,loss,\"a \"\"b\"\", c\"\n1,0.5,\n");
        CHECK_THROWS_AS(log.add(2, {{"loss", 1}}), xg::value_error);
        log.add(2, {{"loss", 1e-30}, {"a \"b\", c", INFINITY}});
    }
    auto more = train::csv_log{folder.path("log.csv"), true};
    more.add(3, {{"loss", 0}, {"a \"b\", c", 1}});
    CHECK(folder.read("log.csv") == "step,loss,\"a \"\"b\"\", c\"\n1,0.5,\n2,1e-30,inf\n3,0,1\n");
    folder.write("cut.csv", "step,loss\n1,0.5\n2,0.");
    train::csv_log{folder.path("cut.csv"), true}.add(3, {{"loss", 1}});
    CHECK(folder.read("cut.csv") == "step,loss\n1,0.5\n2,0.\n3,1\n");
    auto other = train::csv_log{folder.path("new.csv"), true};
    other.add(1, {});
    CHECK(folder.read("new.csv") == "step\n1\n");
    CHECK_THROWS_AS(train::csv_log{folder.path("none/log.csv")}, xg::io_error);
}

TEST_CASE("event files are records with checksums") {
    CHECK(train::detail::crc32c("123456789") == 0xe3069283u);   // the usual check value
    CHECK(train::detail::crc32c(std::string(32, '\0')) == 0x8a9136aau);   // RFC 3720, B.4
    CHECK(train::detail::crc32c("") == 0);
    const auto folder = temporary_folder{};
    auto board = train::tensorboard{folder.path()};
    board.add(300, {{"loss", 0.5}, {"a<b>", -1}});
    const auto bytes = folder.read(std::filesystem::path{board.path()}.filename().string());
    const auto number = [&](std::size_t at, std::size_t count) {
        auto value = std::uint64_t{0};
        std::memcpy(&value, bytes.data() + at, count);
        return value;
    };
    const auto masked = [](std::string_view of) {
        const auto crc = train::detail::crc32c(of);
        return (crc >> 15 | crc << 17) + 0xa282ead8u;
    };
    auto at = std::size_t{0}, records = std::size_t{0};
    for (; at < bytes.size(); ++records) {
        const auto length = static_cast<std::size_t>(number(at, 8));
        CHECK(number(at + 8, 4) == masked(std::string_view{bytes}.substr(at, 8)));
        const auto data = std::string_view{bytes}.substr(at + 12, length);
        CHECK(number(at + 12 + length, 4) == masked(data));
        if (records == 0) CHECK(data.substr(9) == "\x1a\x0d" "brain.Event:2");
        else CHECK(data.substr(9) == std::string_view{"\x10\xac\x02\x2a\x1a\x0a\x0b\x0a\x04loss\x15\x00\x00\x00\x3f\x0a\x0b\x0a\x04" "a<b>\x15\x00\x00\x80\xbf", 31});
        at += length + 16;
    }
    CHECK(at == bytes.size());
    CHECK(records == 2);
    const auto second = train::tensorboard{folder.path()};
    CHECK(second.path() != board.path());
    CHECK_THROWS_AS(train::tensorboard{folder.path("none")}, xg::io_error);
}

TEST_CASE("fit is the loop that it stands for") {
    const auto set = xg::data::tensor_dataset{xg::tensor<float, 2>{{1}, {2}, {3}, {4}}, xg::tensor<float, 2>{{2}, {4}, {6}, {8}}};
    const auto learn = [&](bool by_fit) {
        xg::manual_seed(1);
        auto net = xg::nn::linear<>{1, 1};
        auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.01}};
        auto batches = xg::data::loader{set, {.batch_size = 3, .shuffle = true}};
        auto steps = 0;
        if (by_fit) {
            const auto log = train::fit(opt, batches, {.epochs = 5, .after_step = [&] { ++steps; },
                                                       .after_epoch = [](std::size_t epoch) { return train::named_values{{"double", 2.0 * static_cast<double>(epoch)}}; },
                                                       .out = nullptr},
                                        [&](const auto& x, const auto& y) { return xg::mse_loss(net(x), y); });
            CHECK(log.size() == 5);
            CHECK(log["loss"][4] < log["loss"][0]);
            CHECK(log["double"][4] == 8);
            CHECK(steps == 10);
            CHECK(train::fit(opt, batches, {.epochs = 5, .out = nullptr}, [&](const auto& x, const auto& y) { return xg::mse_loss(net(x), y); }).size() == 0);
        } else {
            for (auto epoch = 0; epoch < 5; ++epoch)
                for (auto [x, y] : batches) {
                    const auto loss = xg::mse_loss(net(x), y);
                    opt.zero_grad();
                    loss.backward();
                    opt.step();
                }
        }
        return net.weight(0, 0);
    };
    CHECK(learn(true) == learn(false));
}

TEST_CASE("fit has nothing to learn from an epoch without a batch") {
    const auto set = xg::data::tensor_dataset{xg::tensor<float, 2>{{1}, {2}}};
    auto net = xg::nn::linear<>{1, 1};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.01}};
    auto batches = xg::data::loader{set, {.batch_size = 3, .drop_last = true}};
    CHECK_THROWS_AS(train::fit(opt, batches, {.out = nullptr}, [&](const auto& x) { return xg::mse_loss(net(x), x); }), xg::value_error);
}

TEST_CASE("fit stops where it is told to") {
    const auto set = xg::data::tensor_dataset{xg::tensor<float, 2>{{1}, {2}}};
    auto net = xg::nn::linear<>{1, 1};
    auto opt = xg::optim::sgd{xg::nn::parameters(net), {.lr = 0.01}};
    auto batches = xg::data::loader{set, {.batch_size = 2}};
    auto epochs = 0;
    const auto log = train::fit(opt, batches, {.epochs = 9, .stop = [&] { return ++epochs == 3; }, .out = nullptr},
                                [&](const auto& x) { return xg::mse_loss(net(x), x); });
    CHECK(log.size() == 3);
}
