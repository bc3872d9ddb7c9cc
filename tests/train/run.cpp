#include <doctest/doctest.h>

#include <xgrad/core/error.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/data/dataset.hpp>
#include <xgrad/data/loader.hpp>
#include <xgrad/io/safetensors.hpp>
#include <xgrad/nn/linear.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/train/early_stopping.hpp>
#include <xgrad/train/history.hpp>
#include <xgrad/train/run.hpp>

#include <support/small_run.hpp>
#include <support/temporary_folder.hpp>
#include <support/what_is_said.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace xg = xgrad;
namespace train = xgrad::train;

namespace {

/// A whole run, or one that ends after some steps and leaves its state.
struct run : small_runs::small_run<3, 8> {
    train::early_stopping stop{{}};

    run() : small_run{20, {.batch_size = 6, .shuffle = true}, 12} {}

    bool load(const std::string& path) { return train::load_run(path, net, opt, plan, batches, stop, best, steps); }
    void save(const std::string& path) const { train::save_run(path, net, opt, plan, batches, stop, best, steps); }

    void go(int until, const std::string& path = "") {
        for (auto epoch = batches.position().epoch; epoch < 3; ++epoch) {
            for (auto [x, y] : batches) {
                step(x, y);
                if (steps == until) {
                    save(path);
                    return;
                }
            }
            stop.step(best);
        }
    }

    std::vector<float> numbers() {
        auto all = std::vector<float>{};
        xg::nn::for_each_tensor([&](auto, const auto& x) { all.insert(all.end(), x.begin(), x.end()); }, net);
        all.insert(all.end(), {static_cast<float>(best), static_cast<float>(steps), static_cast<float>(opt.lr()), static_cast<float>(stop.best())});
        return all;
    }
};

}  // namespace

TEST_CASE("a run that was saved at any step goes on to the bit") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("run.safetensors");
    xg::manual_seed(3);
    auto whole = run{};
    whole.go(-1);
    CHECK(whole.steps == 12);
    for (auto stop = 1; stop <= 12; ++stop) {
        xg::manual_seed(3);
        run{}.go(stop, path);
        xg::manual_seed(99);   // another program, as it were
        auto rest = run{};
        CHECK(rest.load(path));
        CHECK(rest.steps == stop);
        rest.go(-1);
        CHECK(rest.numbers() == whole.numbers());
    }
    CHECK(folder.count() == 1);
}

TEST_CASE("saved before the first step, and loaded where there is no file") {
    const auto folder = temporary_folder{};
    auto one = run{};
    CHECK_FALSE(one.load(folder.path("none")));
    CHECK_THROWS_AS(one.load(folder.write("file", "") + "/none"), xg::io_error);   // nobody can tell whether it is there
    one.save(folder.path("begin"));
    auto other = run{};
    CHECK(other.load(folder.path("begin")));
    CHECK(other.numbers() == one.numbers());
}

TEST_CASE("what does not fit changes nothing") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("run.safetensors");
    xg::manual_seed(1);
    auto saved = run{};
    saved.go(5, path);
    auto other = run{};
    other.go(3, folder.path("other"));
    const auto before = other.numbers();
    CHECK(what_is_said([&] { train::load_run(path, other.net, other.plan); }) ==
          "[load_run] " + path + ": has no 1.state; is it given the parts that it was saved with, in their order?");
    CHECK_THROWS_AS(train::load_run(path, other.net, other.plan), xg::io_error);
    CHECK_THROWS_AS(train::load_run(path, other.net, other.opt, other.plan, other.batches, other.best), xg::io_error);
    CHECK(other.numbers() == before);
    auto random = xg::generator{1};
    CHECK_THROWS_AS(train::load_run(path, other.net, other.opt, random), xg::io_error);
    CHECK(other.numbers() == before);
    struct wider {
        xg::nn::linear<> fc1{3, 9};
        xg::nn::linear<> fc2{9, 1};
    } net;
    CHECK_THROWS_AS(train::load_run(path, net), xg::shape_error);
    struct {
        xg::nn::linear<> fc1{3, 8};
    } smaller;
    CHECK_THROWS_AS(train::load_run(path, smaller), xg::io_error);

    folder.write("cut", folder.read("run.safetensors").substr(0, 1000));
    CHECK_THROWS_AS(other.load(folder.path("cut")), xg::io_error);
    xg::io::save(other.net, folder.path("weights"));
    CHECK(what_is_said([&] { other.load(folder.path("weights")); }) == "[load_run] " + folder.path("weights") + ": is no file of save_run");
    xg::io::save_tensors({{"xgrad_run_format", xg::tensor<std::uint64_t, 0>{2}}}, folder.path("new"));
    CHECK(what_is_said([&] { other.load(folder.path("new")); }) == "[load_run] " + folder.path("new") + ": has format 2; this version reads 1");
    CHECK(other.numbers() == before);
}

TEST_CASE("a loader whose loop was left begins the next epoch, whatever could not be loaded") {
    const auto folder = temporary_folder{};
    const auto path = folder.path("run.safetensors");
    const auto set = xg::data::tensor_dataset{xg::tensor<float, 1>{1, 2, 3, 4, 5}};
    const auto small = xg::data::tensor_dataset{xg::tensor<float, 1>{1}};
    const auto options = xg::data::loader_options{.shuffle = true, .seed = 1};
    const auto epoch_of = [](auto& batches) {
        auto all = std::vector<float>{};
        for (auto [x] : batches) all.push_back(x(0));
        return all;
    };
    auto whole = xg::data::loader{set, options};
    epoch_of(whole);
    const auto second = epoch_of(whole);
    epoch_of(whole);
    auto later = xg::data::loader{set, options};
    later.go_to({.seed = 1, .epoch = 7, .batch = 4});
    train::save_run(path, whole, later, 0);

    auto left = xg::data::loader{set, options};
    for (auto [x] : left) break;
    const auto at = left.position();
    auto number = 0, more = 0;
    auto few = xg::data::loader{small, {}};
    CHECK_THROWS_AS(train::load_run(path, left, few, number), xg::value_error);                            // 4 batches of 1
    CHECK(what_is_said([&] { train::load_run(path, left, later, number, more); }).find("has no 3.number") != std::string::npos);
    CHECK(left.position().epoch == at.epoch);
    CHECK(left.position().batch == at.batch);
    CHECK(left.epoch() == 1);
    CHECK(epoch_of(left) == second);
    CHECK(train::load_run(path, left, later, number));
    CHECK(left.position().epoch == 3);
}

TEST_CASE("the curves of a run go on, too") {
    const auto folder = temporary_folder{};
    auto log = train::history{}, again = train::history{};
    again.add(9, {{"other", 9}});
    train::save_run(folder.path("none"), log);
    CHECK(train::load_run(folder.path("none"), again));
    CHECK(again.size() == 0);
    CHECK(again.names().empty());
    log.add(1, {{"train loss", 0.5}});
    log.add(2, {{"train loss", 0.25}, {"a \"b\".c", 3}});
    train::save_run(folder.path("two"), log, again);
    CHECK(train::load_run(folder.path("two"), again, log));
    CHECK(log.size() == 0);
    CHECK(again.names() == std::vector<std::string>{"train loss", "a \"b\".c"});
    CHECK(again.steps() == std::vector<double>{1, 2});
    CHECK(again["train loss"] == std::vector<double>{0.5, 0.25});
    CHECK(std::isnan(again["a \"b\".c"][0]));
    again.add(3, {{"train loss", 0.125}});
    CHECK(again["train loss"][2] == 0.125);
    auto stop = train::early_stopping{};
    CHECK_THROWS_AS(again.load_state(stop.state()), xg::value_error);
    CHECK_THROWS_AS(again.load_state(xg::parameter_list<double>{}), xg::value_error);
    CHECK_THROWS_AS(again.load_state(xg::parameter_list<double>{{"steps", xg::tensor<double>{1, 2}}, {"curve.a", xg::tensor<double>{1}}}), xg::value_error);
    CHECK(again.size() == 3);
}

TEST_CASE("generators and numbers are parts") {
    const auto folder = temporary_folder{};
    auto random = xg::generator{7}, other = xg::generator{8};
    random();
    auto big = std::uint64_t{1} << 62;
    auto least = std::numeric_limits<double>::denorm_min();
    train::save_run(folder.path("r"), random, big, least);
    const auto next = random();
    auto b = std::uint64_t{0};
    auto l = 0.0;
    CHECK(train::load_run(folder.path("r"), other, b, l));
    CHECK(other() == next);
    CHECK(b == big);
    CHECK(l == least);
    CHECK_THROWS_AS(other.state({}), xg::value_error);
}

TEST_CASE("early stopping") {
    auto stop = train::early_stopping{{.patience = 2, .min_delta = 0.1}};
    CHECK(std::isinf(stop.best()));
    CHECK_FALSE(stop.step(std::nan("")));
    CHECK(stop.step(1));
    CHECK_FALSE(stop.step(0.95));
    CHECK_FALSE(stop.stopped());
    CHECK_FALSE(stop.step(std::nan("")));
    CHECK(stop.stopped());
    CHECK(stop.step(0.5));
    CHECK_FALSE(stop.stopped());
    CHECK(stop.best() == 0.5);
    CHECK(stop.best_step() == 5);
    auto rising = train::early_stopping{{.mode = train::better::higher, .patience = 0}};
    CHECK_FALSE(rising.stopped());
    CHECK(rising.step(-5));
    CHECK(rising.step(-4));
    CHECK_FALSE(rising.stopped());
    CHECK_FALSE(rising.step(-4));
    CHECK(rising.stopped());
    CHECK_THROWS_AS(train::early_stopping{{.min_delta = -1}}, xg::value_error);
    auto again = train::early_stopping{{.patience = 2}};
    again.load_state(stop.state());
    CHECK(again.best() == 0.5);
    CHECK(again.steps() == 5);
}
